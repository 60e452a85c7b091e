/** Hand-overs of a group that `createGroup` made, while something else goes wrong, and how many epochs they took. */
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { compareVersions, type Revision } from "../../../functions/kit/history/revision.ts";
import { LEASES } from "../../../functions/kit/kube/request.ts";
import { waitForWriter, type GroupState } from "../../../infra/lab/group.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { lockIn } from "./objects.ts";
import type { Scene } from "./scene.ts";

const observedMs = 10_000;

/** At rest, under a writer that `is` accepts. @throws at the deadline. */
export const settles = (
  lab: Lab,
  namespace: string,
  { is = () => true, deadlineMs }: { is?: (writer: string) => boolean; deadlineMs: number },
): Promise<GroupState> => waitForWriter(lab, lockIn(namespace), { is: ({ name }) => is(name), deadlineMs });

const recordVersion = ({ record }: GroupState): string => record?.resourceVersion ?? "0";

/** The record's states, in the order of the server. */
export const recordsOf = ({ observer }: Pick<Scene, "observer">, namespace: string): readonly Revision[] =>
  observer.revisions.filter(({ object }) => object.kind === LEASES.kind && object.metadata.namespace === namespace);

/**
 * How many new epochs the record got from one state of the group to a later one, as the observer saw it.
 * @throws when the observer does not come as far within 10 s.
 */
export const epochsBetween = async (
  scene: Pick<Scene, "observer">,
  namespace: string,
  { from, to }: { from: GroupState; to: GroupState },
): Promise<number> => {
  const [first, last] = [recordVersion(from), recordVersion(to)];
  const records = await poll(
    async () => {
      const seen = recordsOf(scene, namespace);
      return seen.some(({ resourceVersion }) => compareVersions(resourceVersion, last) >= 0) ? seen : undefined;
    },
    { what: `the record of ${namespace} at ${last} in the observer's history`, everyMs: 15, deadlineMs: observedMs },
  );
  const meant = records.filter(
    ({ resourceVersion }) =>
      compareVersions(resourceVersion, first) >= 0 && compareVersions(resourceVersion, last) <= 0,
  );
  return new Set(meant.map(({ object }) => object.metadata.annotations?.[EPOCH_ANNOTATION])).size - 1;
};

export interface FailOver {
  readonly writer: string;
  /** The version at which the writer is not Ready any more. */
  readonly lostAt: string;
  readonly from: GroupState;
}

/** The writer is lost, and Ready again once another one leads. */
export const failsOver = async (lab: Lab, namespace: string, deadlineMs: number): Promise<FailOver> => {
  const from = await settles(lab, namespace, { deadlineMs });
  const writer = from.status.writerPod ?? "";
  const lostAt = await lab.kubelet.setReady(namespace, writer, false);
  await settles(lab, namespace, { is: (name) => name !== writer, deadlineMs });
  await lab.kubelet.setReady(namespace, writer, true);
  return { writer, lostAt, from };
};

/** Resolves to the number of epochs that this took: `times`, if each hand-over was made once. */
export const failsOverTimes = async (
  scene: Pick<Scene, "lab" | "observer">,
  namespace: string,
  { times, deadlineMs }: { times: number; deadlineMs: number },
): Promise<number> => {
  const { lab } = scene;
  const from = await settles(lab, namespace, { deadlineMs });
  for (let turn = 0; turn < times; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await failsOver(lab, namespace, deadlineMs);
  }
  const to = await settles(lab, namespace, { deadlineMs });
  return epochsBetween(scene, namespace, { from, to });
};
