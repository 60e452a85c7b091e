/** Whether somebody renews what is led: the Lease of a leader that is Ready is over only if no tick came. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import { maySleep, type Installation } from "../installation.ts";
import { conditionOf, nameOf, type Snapshot } from "../snapshot.ts";
import { tickSecondsOf } from "../ticks.ts";

/** Renewals take a moment, jitter half a second, and the server's `Date` counts whole seconds. */
const SLACK_SECONDS = 3;
/** From zero a tick waits until an instance has started. Of the HTTP add-on's route, longer than which nobody waits there. */
const START_SECONDS = 30;
/** The default, where nothing that ticks is found. */
const DEFAULT_TICK_SECONDS = 10;

/** A Lease is not renewed while its holder cannot lead; why it cannot is told elsewhere. */
const isHeldByReady = ({ led }: Snapshot, namespace: string, uid: string | undefined): boolean =>
  [...led.lockPods, ...led.checkerPods, ...led.standbyPods].some(
    (pod) =>
      pod.metadata.namespace === namespace &&
      pod.metadata.uid === uid &&
      conditionOf(pod, "Ready")?.status === "True" &&
      pod.metadata.deletionTimestamp === undefined,
  );

const remedyOf = (installation: Installation | undefined, namespace: string): string => {
  if (installation?.form === "standalone") return `kubectl -n ${namespace} logs deployment/bellwether-source`;
  if (installation?.form === "keda/push") return `kubectl -n ${namespace} logs deployment/bellwether-scaler`;
  return `kubectl -n ${namespace} describe pingsources`;
};

interface Judge {
  readonly snapshot: Snapshot;
  readonly tickSeconds: number;
  /** How long a tick may wait for an instance. */
  readonly startSeconds: number;
  readonly remedy: string;
}

const findingsOf = ({ snapshot, tickSeconds, startSeconds, remedy }: Judge, lease: KubeObject): readonly Finding[] => {
  const { now } = snapshot;
  const record = viewRecord(lease, now);
  const { renewTime, leaseDurationSeconds = 0 } = record;
  if (renewTime === undefined || !isHeldByReady(snapshot, record.namespace, record.holder?.uid)) return [];
  const ageSeconds = Math.round((now - renewTime) / 1000);
  // One that is too short for the ticks is told as that.
  const longest = Math.max(leaseDurationSeconds, leaseDurationSeconds / 2 + tickSeconds + startSeconds) + SLACK_SECONDS;
  if (ageSeconds <= longest) return [];
  return [
    error({
      object: nameOf(lease),
      field: "spec.renewTime",
      got: `${ageSeconds} s ago, though its holder is Ready: nobody ticks, or the function does not act`,
      accepted: `at most ${Math.round(longest)} s: a Lease of ${leaseDurationSeconds} s is renewed at half of its duration, by the next tick`,
      remedy,
    }),
  ];
};

export const records: Check = {
  name: "records",
  reads: ["records", "lockPods", "checkerPods", "standbyPods", "BELLWETHER_NAMESPACES", "BELLWETHER_TICK_SECONDS"],
  fine: "the Lease of every leader that is Ready is renewed",
  run: (snapshot, installation) => {
    const { records: all } = snapshot.led;
    if (all.length === 0) return undefined;
    const tickSeconds = (installation && tickSecondsOf(snapshot, installation)) ?? DEFAULT_TICK_SECONDS;
    const startSeconds = installation !== undefined && maySleep(installation) ? START_SECONDS : 0;
    const judge = { snapshot, tickSeconds, startSeconds, remedy: remedyOf(installation, snapshot.namespace) };
    return all.flatMap((lease) => findingsOf(judge, lease));
  },
};
