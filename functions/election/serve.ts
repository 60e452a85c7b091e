/** Serves an admitted lock: claim it, read its pods, enrol, elect, hand over, renew, report. */
import type { Finding } from "../kit/conditions.ts";
import { addFinalizer, hasFinalizer } from "../kit/finalizers.ts";
import { contestFindings } from "../kit/handover/contest.ts";
import { handOver, writePhase, type Attempt } from "../kit/handover/executor.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { OWNER_ANNOTATION } from "../kit/handover/names.ts";
import { plan, planEnrolment, planRepair, type Observed } from "../kit/handover/plan.ts";
import { isRenewalDue, ownerText, renewalRequest } from "../kit/handover/record.ts";
import { objectOf, patchRequest, type KubeResponse } from "../kit/kube/request.ts";
import { classify, describe } from "../kit/kube/status-class.ts";
import { conclude, done, failed, type Io, type PassOutcome } from "./conclude.ts";
import { disqualification, elect, type Admission, type Election } from "./decide.ts";
import { dropOtherRecords } from "./ending.ts";
import { FINALIZER, LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "./labels.ts";
import type { GroupPods, Owner } from "./load.ts";
import { ELECTIONS, READY_PODS, RENEWALS } from "./metrics.ts";
import { viewLock, type ElectionPod, type LockView } from "./model.ts";
import { endFormerGroup, ORPHAN_ENDED } from "./orphans.ts";
import { ownerOf, portsFor } from "./ports.ts";
import type { Pass } from "./publish.ts";

type Serving = Extract<Admission, { kind: "serve" }>;
type Leading = Extract<Election, { kind: "lead" }>;

interface Served extends Io {
  readonly owner: Owner;
  readonly lock: LockView;
  readonly admission: Serving;
}

const metricLabels = ({ namespace, name }: LockView): Record<string, string> => ({ namespace, statefulsetlock: name });

/** The lock with our finalizer on it, before the first write that would need cleaning up. */
const claimLock = async ({ context, send, lock }: Served): Promise<LockView | KubeResponse> => {
  if (hasFinalizer(lock.metadata, FINALIZER) || context.mode === "observe") return lock;
  const response = await send(addFinalizer(LOCKS, lock.metadata, FINALIZER));
  return classify(response) === "ok" ? viewLock(objectOf(response), context.clock.serverNow()) : response;
};

/** The record was made for an owner that is gone, and was not written since. */
const isInherited = ({ owner, lock }: Served, record: RecordView): boolean =>
  owner.lease?.metadata.resourceVersion === record.resourceVersion &&
  owner.lease.metadata.annotations?.[OWNER_ANNOTATION] !== ownerText(ownerOf(lock));

const renewIfDue = async (served: Served, record: RecordView): Promise<void> => {
  const { context, send, lock } = served;
  const { leaseDurationSeconds } = lock;
  const now = context.clock.serverNow();
  if (!isRenewalDue(record, leaseDurationSeconds, now) && !isInherited(served, record)) return;
  const response = await send(renewalRequest(record, { owner: ownerOf(lock), leaseDurationSeconds }, now));
  // Whoever was faster has renewed it, or changed it in a way that brings an event or is found by the next sweep.
  if (classify(response) === "ok") context.metrics.count(RENEWALS, metricLabels(lock));
};

/** The switchover annotation goes as soon as the pod that it names leads. */
const completeSwitchover = async ({ context, send, lock }: Served, writer: ElectionPod): Promise<LockView> => {
  if (lock.switchoverTo !== writer.name) return lock;
  const body = { metadata: { annotations: { [SWITCHOVER_ANNOTATION]: null } } };
  const response = await send(patchRequest(LOCKS, { namespace: lock.namespace, on: lock.metadata }, body));
  return classify(response) === "ok" ? viewLock(objectOf(response), context.clock.serverNow()) : lock;
};

const afterRefusal = (
  served: Served,
  attempt: Extract<Attempt<ElectionPod>, { kind: "refused" }>,
  findings: readonly Finding[],
): PassOutcome | Promise<PassOutcome> => {
  const verdict = classify(attempt.response);
  // Nothing can be created in a namespace that goes away, and nothing needs to be.
  if (verdict === "terminating") return done("NamespaceTerminating");
  const outcome = failed(attempt.doing, attempt.response);
  const { lock, admission } = served;
  const result = {
    kind: "unfinished",
    reason: verdict === "wait" ? "WriteFailed" : "WriteRefused",
    message: `${attempt.doing}: ${describe(attempt.response)}`,
    findings,
  } as const;
  return conclude(
    served,
    { lock, result, group: admission.set.uid, record: admission.record, promotion: undefined },
    outcome,
  );
};

type Stop = Exclude<Attempt<ElectionPod>, { kind: "settled" }>;

const stopped = (served: Served, stop: Stop, findings: readonly Finding[]): PassOutcome | Promise<PassOutcome> =>
  stop.kind === "restart" ? stop : afterRefusal(served, stop, findings);

/** Whoever promoted the writer may have died before it could say so: then the status tells, and this pass says it. */
const promotionOf = (
  { context, lock, admission }: Served,
  { promoted, epoch }: { promoted: boolean; epoch: number },
  { writer, election }: { writer: ElectionPod; election: Leading },
): Pass["promotion"] => {
  if (!promoted && lock.status.epoch === epoch) return undefined;
  const { reason } = election;
  if (promoted) {
    context.metrics.count(ELECTIONS, { ...metricLabels(lock), reason });
    context.log.info("writer promoted", { lock: `${lock.namespace}/${lock.name}`, writer: writer.name, epoch, reason });
  }
  const before = admission.record?.holder;
  return {
    target: writer,
    reason: promoted ? reason : "PromotionFound",
    previous: before?.uid === writer.uid ? undefined : before,
  };
};

const afterAttempt = async (
  served: Served,
  election: Leading,
  { attempt, findings }: { attempt: Attempt<ElectionPod>; findings: readonly Finding[] },
): Promise<PassOutcome> => {
  if (attempt.kind !== "settled") return stopped(served, attempt, findings);
  const { record, pods } = attempt.observed;
  const writer = pods.find(({ uid }) => uid === election.target.uid);
  if (record?.epoch === undefined || writer === undefined) return { kind: "restart", reason: "the writer is gone" };
  const promotion = promotionOf(served, { promoted: attempt.promoted, epoch: record.epoch }, { writer, election });
  const [lock] = await Promise.all([completeSwitchover(served, writer), renewIfDue(served, record)]);
  const result = { kind: "settled", writer: writer.name, epoch: record.epoch, findings } as const;
  return conclude(served, { lock, result, group: served.admission.set.uid, record, promotion }, done(election.reason));
};

/** Treats every member as enrolled, as it would be: nothing is written in this mode. */
const observe = (
  served: Served,
  observed: Observed<ElectionPod>,
  contested: readonly Finding[],
): Promise<PassOutcome> => {
  const { context, lock, admission } = served;
  const { set, record } = admission;
  const pods = observed.pods.map((pod) => (pod.member ? { ...pod, group: set.uid } : pod));
  const election = elect({ lock, set, record, pods });
  const findings = [...election.findings, ...contested];
  const enrolling = planEnrolment(observed).length;
  const step =
    election.kind === "lead" ? plan({ ...observed, pods }, { kind: "pod", uid: election.target.uid }).kind : "nothing";
  const next = enrolling > 0 ? `enrol ${enrolling} pods, then ${step}` : step;
  const who =
    election.kind === "lead" ? `pod ${election.target.name} would be the writer` : "nobody would be the writer";
  const message = `${who} (${election.reason}); next: ${next}`;
  context.log.info("observed", { lock: `${lock.namespace}/${lock.name}`, reason: election.reason, decision: message });
  const result = { kind: "observed", message, findings } as const;
  return conclude(served, { lock, result, group: set.uid, record, promotion: undefined }, done("ObserveMode"));
};

const carryOut = async (served: Served, observed: Observed<ElectionPod>): Promise<PassOutcome> => {
  const { context, lock, admission, owner } = served;
  const { set, record } = admission;
  const contested = contestFindings({ names: ROLES, record, lease: owner.lease, pods: observed.pods });
  if (context.mode === "observe") return observe(served, observed, contested);
  const ports = portsFor(served, lock, { set, group: set.uid });
  const enrolled = await writePhase(ports, observed, { phase: "enrol", changes: planEnrolment(observed) });
  if (enrolled.stop !== undefined) return stopped(served, enrolled.stop, contested);
  const { pods } = enrolled.observed;
  const election = elect({ lock, set, record, pods });
  const findings = [...election.findings, ...contested];
  const able = pods.filter((pod) => disqualification(pod, set.uid) === undefined).length;
  context.metrics.set(READY_PODS, metricLabels(lock), able);
  if (election.kind === "hold") {
    const changes = planRepair(enrolled.observed);
    const repaired = await writePhase(ports, enrolled.observed, { phase: "fence", changes });
    if (repaired.stop !== undefined) return stopped(served, repaired.stop, findings);
    const result = { ...election, kind: "held", epoch: record?.epoch, findings } as const;
    return conclude(served, { lock, result, group: set.uid, record, promotion: undefined }, done(election.reason));
  }
  const attempt = await handOver(ports, enrolled.observed, { kind: "pod", uid: election.target.uid });
  return afterAttempt(served, election, { attempt, findings });
};

/**
 * A StatefulSet that was deleted without its pods and made anew adopts them one by one. Its former group would have been ended
 * by its record; where that is gone too, or another lock's, it is ended here, before another pod becomes the writer. Undefined:
 * nothing to end.
 */
const endFormer = async (io: Io, namespace: string, groups: readonly string[]): Promise<PassOutcome | undefined> => {
  for (const group of groups) {
    // One at a time, and the pass begins again after each.
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await endFormerGroup(io, { namespace, group });
    if (outcome.kind !== "done") return outcome;
    if (outcome.reason === ORPHAN_ENDED) return { kind: "restart", reason: `the former group ${group} was ended` };
  }
  return undefined;
};

/** The former groups end first; then the pods as they are observed, with the lock that was claimed. */
const begin = async (served: Served, claimed: LockView, { pods, formerGroups }: GroupPods): Promise<PassOutcome> => {
  const { set, record, adopts } = served.admission;
  const { namespace, status } = claimed;
  const ended = record === undefined || adopts ? await endFormer(served, namespace, formerGroups) : undefined;
  if (ended !== undefined) return ended;
  const now = served.context.clock.serverNow();
  const observed = { names: ROLES, group: set.uid, record, pods, epochSeen: status.epoch ?? 0, now };
  return carryOut({ ...served, lock: claimed }, observed);
};

/** One attempt to bring the lock's group to rest, on a record that was read before its pods. */
export const serve = async (io: Io, owner: Owner, admission: Serving): Promise<PassOutcome> => {
  const { set, record, adopts } = admission;
  if (record === undefined || adopts) {
    const ended = await dropOtherRecords(io, owner.lock, set.uid);
    if (ended !== undefined) return ended;
  }
  const served: Served = { ...io, owner, lock: owner.lock, admission };
  const [claimed, loaded] = await Promise.all([claimLock(served), owner.pods(io.context.clock.serverNow())]);
  if (!("metadata" in claimed)) {
    const stale = classify(claimed) === "stale";
    return stale ? { kind: "restart", reason: "the lock changed" } : failed("add the finalizer", claimed);
  }
  return loaded.ok ? begin(served, claimed, loaded.value) : failed(loaded.doing, loaded.response);
};
