/** Hand-overs of a group that `createGroup` made, while something else goes wrong. */
import { waitForWriter, type GroupState } from "../../../infra/lab/group.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { lockIn } from "./objects.ts";

/** At rest, under a writer that `is` accepts. @throws at the deadline. */
export const settles = (
  lab: Lab,
  namespace: string,
  { is = () => true, deadlineMs }: { is?: (writer: string) => boolean; deadlineMs: number },
): Promise<GroupState> => waitForWriter(lab, lockIn(namespace), { is: ({ name }) => is(name), deadlineMs });

/** The writer is lost, and Ready again once another one leads. */
const failsOver = async (lab: Lab, namespace: string, deadlineMs: number): Promise<void> => {
  const { status } = await settles(lab, namespace, { deadlineMs });
  const writer = status.writerPod ?? "";
  await lab.kubelet.setReady(namespace, writer, false);
  await settles(lab, namespace, { is: (name) => name !== writer, deadlineMs });
  await lab.kubelet.setReady(namespace, writer, true);
};

/** Resolves to the number of changes of the holder that the Lease has counted: `times`, if each was made once. */
export const failsOverTimes = async (
  lab: Lab,
  namespace: string,
  { times, deadlineMs }: { times: number; deadlineMs: number },
): Promise<number> => {
  const before = await settles(lab, namespace, { deadlineMs });
  for (let turn = 0; turn < times; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await failsOver(lab, namespace, deadlineMs);
  }
  const after = await settles(lab, namespace, { deadlineMs });
  return (after.record?.leaseTransitions ?? 0) - (before.record?.leaseTransitions ?? 0);
};
