/** One fail-over as a client would notice it: the writer stops being Ready, and some time later another pod has the label. */
import { setTimeout as sleep } from "node:timers/promises";
import { ROLES } from "../../functions/election/labels.ts";
import type { Kubelet } from "../../infra/lab/kubelet.ts";
import { poll } from "../../infra/lab/poll.ts";
import { keyOf, type GroupName } from "./names.ts";
import type { Stopwatch } from "./stopwatch.ts";

export interface FailOver {
  /** Acknowledged `Ready=False` to the new writer label, as the watcher sees it. */
  readonly totalMs: number;
  /** No pod carries the writer label. */
  readonly gapMs: number;
}

/** Lets the status writes and Events of the last round pass. */
const restMs = 150;
const electionDeadlineMs = 30_000;
const pollMs = 20;

export const untilWriter = (watch: Stopwatch, group: GroupName): Promise<string> =>
  poll(async () => watch.writerOf(group), {
    what: `a writer of ${keyOf(group)}`,
    everyMs: pollMs,
    deadlineMs: electionDeadlineMs,
  });

/** Leaves the group as it was, with another writer. */
export const failOver = async (kubelet: Kubelet, watch: Stopwatch, group: GroupName): Promise<FailOver> => {
  const { namespace } = group;
  const old = await untilWriter(watch, group);
  const fenced = watch.next(group, ({ pod, role }) => pod === old && role === ROLES.follower);
  const promoted = watch.next(group, ({ pod, role }) => pod !== old && role === ROLES.leader);
  await kubelet.setReady(namespace, old, false);
  const acknowledged = performance.now();
  const [end, gapBegin] = await Promise.all([promoted, fenced]);
  await kubelet.setReady(namespace, old, true);
  await sleep(restMs);
  return { totalMs: end.at - acknowledged, gapMs: end.at - gapBegin.at };
};
