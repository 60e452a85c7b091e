/** What the function does because of events alone: its own counters, read between two ticks. */
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { API_REQUESTS, EVENTS, RUNS } from "../../../../functions/kit/host/metric-list.ts";
import { sumOf } from "../../../../bench/lab/metric.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { askPod } from "./ask-pod.ts";
import type { WithAddress } from "./faults.ts";
import { functionPods, isReady } from "./function.ts";
import { FUNCTION_NAMESPACE } from "./namespaces.ts";

export interface Counts {
  /** Of the only instance. */
  readonly uid: string;
  /** Of objects, that it has answered. */
  readonly events: number;
  readonly ticks: number;
  readonly runs: number;
  /** Requests to the API server. */
  readonly calls: number;
}

const port = 8080;
const pollMs = 100;
/** Less than the ten seconds between two ticks, by what the first may start late and the second early, and by how long one takes. */
const betweenTicksMs = 7_000;
const deadlineMs = 60_000;

const ofType = (text: string, type: string): string =>
  text
    .split("\n")
    .filter((line) => line.startsWith(EVENTS.name) && line.includes(`type="${type}"`))
    .join("\n");

/** Undefined while not exactly one instance runs. */
const readCounts = async (node: ClusterNode): Promise<Counts | undefined> => {
  const running = (await functionPods(node)).filter(isReady);
  const [pod] = running;
  if (pod === undefined || running.length > 1) return undefined;
  const { name, uid } = pod.metadata;
  const path = `/api/v1/namespaces/${FUNCTION_NAMESPACE}/pods/${name}`;
  const { podIP } = (await succeed<WithAddress>(node.api, "GET", path)).status;
  const text = await askPod(`http://${podIP}:${port}/metrics`);
  return {
    uid,
    events: sumOf(ofType(text, "object"), EVENTS.name),
    ticks: sumOf(ofType(text, "tick"), EVENTS.name),
    runs: sumOf(text, RUNS.name),
    calls: sumOf(text, API_REQUESTS.name),
  };
};

const until = (node: ClusterNode, what: string, isTrue: (counts: Counts) => boolean): Promise<Counts> =>
  poll(
    async () => {
      const counts = await readCounts(node);
      return counts !== undefined && isTrue(counts) ? counts : undefined;
    },
    { what, everyMs: pollMs, deadlineMs },
  );

export interface Counted {
  readonly from: Counts;
  readonly to: Counts;
}

/**
 * From right after a tick until so many events later, or until the next tick is near; in the warm tier, whose instance stays.
 * @throws when no tick comes for a minute.
 */
export const countBetweenTicks = async (node: ClusterNode, events: number): Promise<Counted> => {
  const { ticks } = await until(node, "one instance", () => true);
  const from = await until(node, "the next tick", (counts) => counts.ticks > ticks);
  const endMs = performance.now() + betweenTicksMs;
  const to = await until(
    node,
    `${events} events`,
    (counts) => counts.events - from.events >= events || performance.now() > endMs,
  );
  return { from, to };
};
