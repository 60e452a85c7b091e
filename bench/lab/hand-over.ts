/** One hand-over as a client would notice it: something happens to the leader, and some time later another pod has the label. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Kubelet } from "../../infra/lab/kubelet.ts";
import { poll } from "../../infra/lab/poll.ts";
import { keyOf, type GroupName } from "./names.ts";
import type { Change, Stopwatch } from "./stopwatch.ts";

export interface HandOver {
  /** From the acknowledged cause to the new leader's label, as the watcher sees it. */
  readonly totalMs: number;
  /** No pod carries the leader's label. */
  readonly gapMs: number;
  readonly fenced: Change;
  readonly promoted: Change;
}

/** Lets the status writes and Events of the last round pass. */
export const restMs = 150;
const electionDeadlineMs = 30_000;
const pollMs = 20;

export const untilLeader = (watch: Stopwatch, group: GroupName): Promise<string> =>
  poll(async () => watch.leaderOf(group), {
    what: `a leader of ${keyOf(group)}`,
    everyMs: pollMs,
    deadlineMs: electionDeadlineMs,
  });

/** What `cause`, which resolves when it is acknowledged, leads to for the leader `old`. */
export const handOver = async (
  watch: Stopwatch,
  { group, old }: { readonly group: GroupName; readonly old: string },
  cause: () => Promise<unknown>,
): Promise<HandOver> => {
  const seen = Promise.all([watch.fenced(group, old), watch.promoted(group, old)]);
  await cause();
  const acknowledged = performance.now();
  const [fenced, promoted] = await seen;
  return { totalMs: promoted.at - acknowledged, gapMs: promoted.at - fenced.at, fenced, promoted };
};

/** The leader is not Ready any more. Leaves the group as it was, with another leader. */
export const failOver = async (kubelet: Kubelet, watch: Stopwatch, group: GroupName): Promise<HandOver> => {
  const { namespace } = group;
  const old = await untilLeader(watch, group);
  const done = await handOver(watch, { group, old }, () => kubelet.setReady(namespace, old, false));
  await kubelet.setReady(namespace, old, true);
  await sleep(restMs);
  return done;
};
