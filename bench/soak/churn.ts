/** What happens to groups all day: a writer that is not Ready for a while, a pod that is deleted, a writer that is deleted. */
import { setTimeout as sleep } from "node:timers/promises";
import { ROLES } from "../../functions/election/labels.ts";
import { listOf, listRequest, PODS } from "../../functions/kit/kube/request.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import type { GroupName } from "../lab/names.ts";

const NOT_READY_MS = 5_000;

interface Members {
  readonly writer: string | undefined;
  readonly reader: string | undefined;
}

const membersOf = async ({ transport }: Lab, { namespace, name }: GroupName): Promise<Members> => {
  const response = await transport.send(listRequest(PODS, { namespace, labelSelector: `app=${name}` }));
  const named = (role: string): string | undefined =>
    listOf(response).items.find(({ metadata }) => metadata.labels?.[ROLES.roleLabel] === role)?.metadata.name;
  return { writer: named("writer"), reader: named("reader") };
};

const remove = ({ api }: Lab, { namespace }: GroupName, pod: string): Promise<unknown> =>
  api.call("DELETE", `/api/v1/namespaces/${namespace}/pods/${pod}`);

const unsettle = async ({ kubelet }: Lab, { namespace }: GroupName, pod: string): Promise<void> => {
  await kubelet.setReady(namespace, pod, false);
  await sleep(NOT_READY_MS);
  // Another change may have replaced it meanwhile.
  await kubelet.setReady(namespace, pod, true).catch(() => undefined);
};

type Disturbance = (lab: Lab, group: GroupName, members: Members) => Promise<unknown>;

const whenThere =
  (which: keyof Members, act: (lab: Lab, group: GroupName, pod: string) => Promise<unknown>): Disturbance =>
  async (lab, group, members) => {
    const pod = members[which];
    if (pod !== undefined) await act(lab, group, pod);
  };

const DISTURBANCES: readonly Disturbance[] = [
  whenThere("writer", unsettle),
  whenThere("reader", remove),
  whenThere("writer", remove),
];

/** Prime to the numbers of groups in use, so that a long run meets every group. */
const STRIDE = 7919;

export interface ChurnOptions {
  readonly groups: readonly GroupName[];
  readonly perMinute: number;
  readonly minutes: number;
}

/** One disturbance after the other, spread evenly over the minutes; resolves when the last one is over. */
export const churn = async (lab: Lab, { groups, perMinute, minutes }: ChurnOptions): Promise<void> => {
  const begun = performance.now();
  const under: Promise<unknown>[] = [];
  for (let index = 0; index < perMinute * minutes; index += 1) {
    const due = begun + (index * 60_000) / perMinute;
    // oxlint-disable-next-line no-await-in-loop -- a clock
    await sleep(Math.max(0, due - performance.now()));
    const group = groups[(index * STRIDE) % groups.length];
    const disturb = DISTURBANCES[index % DISTURBANCES.length];
    if (group === undefined || disturb === undefined) continue;
    under.push(membersOf(lab, group).then((members) => disturb(lab, group, members)));
  }
  await Promise.all(under);
};
