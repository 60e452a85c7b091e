/**
 * Where the time from a fault to the new writer's label went, on a real node, without a change of what is measured: by watches of
 * pods, by the time that the source wrote into its event, and by the request log of the instance that got it.
 */
import { listWatch } from "../../../../infra/lab/list-watch.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { isReady, OF_FUNCTION, type Conditioned } from "./function.ts";
import { deliveries, type Delivery } from "./request-log.ts";
import type { Struck } from "./stage.ts";

/** In this order, each from the end of the one before, the first from the fault. Milliseconds. */
export interface Split {
  /** Until the API server shows the pod as ending, gone or not Ready: that is the kubelet's and the probe's. */
  readonly noticed: number;
  /** Until the source has made an event of it. */
  readonly source: number;
  /** Until the pod of an instance is made: ingress, activator, autoscaler. Where an instance runs, until the event is there. */
  readonly activator: number;
  /** Until the event is at that instance: scheduler, kubelet, process, readiness. 0 where an instance ran. */
  readonly start: number;
  /** Until another pod has the label. 0 where the sweep with which an instance starts had put it on before the event was there. */
  readonly decision: number;
}

export const SEGMENTS: readonly (keyof Split)[] = ["noticed", "source", "activator", "start", "decision"];

/** Milliseconds since 1970 on the machine's clock, which everything here shares. */
export interface Moments {
  readonly fault: number;
  readonly noticed: number;
  readonly sent: number;
  /** The first instance since the fault; undefined: none was made. */
  readonly made: number | undefined;
  readonly arrived: number;
  readonly labelled: number;
}

/** Undefined when they are not in order: something else woke the function before the event did. */
export const splitOf = ({ fault, noticed: seen, sent, made, arrived, labelled }: Moments): Split | undefined => {
  // The watch that is asked here and that of the source are equals: either may be told first.
  const noticed = Math.min(seen, sent);
  const reached = Math.min(arrived, labelled);
  const instance = made !== undefined && made < reached ? made : reached;
  const order = [fault, noticed, sent, instance, reached];
  if (order.some((moment, index) => moment < (order[index - 1] ?? moment))) return undefined;
  return {
    noticed: noticed - fault,
    source: sent - noticed,
    activator: instance - sent,
    start: reached - instance,
    decision: labelled - reached,
  };
};

interface Seen {
  readonly uid: string;
  readonly atMs: number;
}

export interface Timer {
  /** Undefined as with `splitOf`, and when a tick came in between, or before the fault at zero: nobody knows which of the two decided. @throws when the event that tells of the fault is in no instance's log. */
  readonly split: (struck: Struck, begin: "at zero" | "an instance runs") => Promise<Split | undefined>;
}

const logDeadlineMs = 30_000;
const pollMs = 100;

const firstSince = (seen: readonly Seen[], sinceMs: number, uid?: string): number | undefined =>
  seen.find((one) => one.atMs >= sinceMs && (uid ?? one.uid) === one.uid)?.atMs;

/** The first event that tells of it and was taken; the watch that noticed it here may have been told long after the source's. */
const telling = (all: readonly Delivery[], { victim, faultAtMs }: Struck): Delivery | undefined =>
  all
    .filter(({ namespace, name }) => namespace === victim.namespace && name === victim.pod.name)
    .filter(({ sentAtMs, status }) => sentAtMs >= faultAtMs && status < 300)
    .toSorted((one, other) => one.sentAtMs - other.sentAtMs)[0];

/** The request log has to be on. Resolves once it sees pods; until `signal` is aborted. */
export const startTimer = async (node: ClusterNode, signal: AbortSignal): Promise<Timer> => {
  const out: Seen[] = [];
  const made: Seen[] = [];
  await listWatch<Conditioned>({
    kubeConfig: node.kubeConfig,
    path: "/api/v1/pods",
    signal,
    onEvent: ({ type, object }) => {
      const { uid, labels = {} } = object.metadata;
      const seen = { uid, atMs: Date.now() };
      if (labels[OF_FUNCTION.label] === OF_FUNCTION.value) {
        if (type === "ADDED") made.push(seen);
      } else if (type === "DELETED" || !isReady(object)) out.push(seen);
    },
  });
  const split: Timer["split"] = async (struck, begin) => {
    const { faultAtMs: fault, labelledAfterMs, victim } = struck;
    const labelled = fault + labelledAfterMs;
    const told = async (): Promise<Split | "undecided" | undefined> => {
      const all = await deliveries(node);
      const noticed = firstSince(out, fault, victim.pod.uid);
      const event = telling(all, struck);
      if (noticed === undefined || event === undefined) return undefined;
      if (all.some(({ name, sentAtMs }) => name === "" && sentAtMs >= fault && sentAtMs <= labelled))
        return "undecided";
      const { sentAtMs: sent, arrivedAtMs: arrived } = event;
      const instance = firstSince(made, fault);
      if (begin === "at zero" && instance === undefined) return "undecided";
      return splitOf({ fault, noticed, sent, made: instance, arrived, labelled }) ?? "undecided";
    };
    const what = `what befell ${victim.pod.name}, and an event of it in the request log`;
    const found = await poll(told, { what, everyMs: pollMs, deadlineMs: logDeadlineMs });
    return found === "undecided" ? undefined : found;
  };
  return { split };
};
