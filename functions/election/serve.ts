/** Serves an admitted lock: claim it, read its pods, enrol, elect, hand over, renew, report. */
import type { Finding } from "../kit/conditions.ts";
import type { Io } from "../kit/context.ts";
import { carryOut, preview, type Decision } from "../kit/group/carry-out.ts";
import { claim } from "../kit/group/claim.ts";
import { endFormerGroups } from "../kit/group/orphans.ts";
import { dropOtherRecords } from "../kit/group/records.ts";
import { renewIfDue } from "../kit/group/renew.ts";
import { logged } from "../kit/group/subject.ts";
import type { Stop } from "../kit/handover/attempt.ts";
import { disqualification } from "../kit/handover/choose.ts";
import { contestFindings } from "../kit/handover/contest.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { Observed } from "../kit/handover/plan.ts";
import { objectOf, patchRequest } from "../kit/kube/request.ts";
import { classify } from "../kit/kube/status-class.ts";
import { done, failed, restart, unfinishedBy, type PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { GroupPods } from "../kit/pods/load.ts";
import { isToBeAdopted } from "../kit/pods/stateful-set.ts";
import { elect, type Admission, type Election } from "./decide.ts";
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "./labels.ts";
import type { Owner } from "./load.ts";
import { ELECTIONS, READY_PODS, RENEWALS, seriesOf } from "./metrics.ts";
import { claimOf, ownerOf, viewLock, type LockView } from "./model.ts";
import { endFormerGroup } from "./orphans.ts";
import { lockPorts } from "./ports.ts";
import { publish, type Pass } from "./publish.ts";

type Serving = Extract<Admission, { kind: "serve" }>;
type Leading = Extract<Election, { kind: "lead" }>;
type Holding = Extract<Election, { kind: "hold" }>;

interface Served extends Io {
  readonly owner: Owner;
  readonly lock: LockView;
  readonly admission: Serving;
}

const renewed = async (served: Served, record: RecordView): Promise<void> => {
  const { context, lock, owner } = served;
  const { leaseDurationSeconds } = lock;
  const wrote = await renewIfDue(served, { record, owner: ownerOf(lock), leaseDurationSeconds }, owner.lease);
  if (wrote) context.metrics.count(RENEWALS, seriesOf(lock));
};

/** The switchover annotation goes as soon as the pod that it names leads. */
const completeSwitchover = async ({ context, send, lock }: Served, writer: Candidate): Promise<LockView> => {
  if (lock.switchoverTo !== writer.name) return lock;
  const body = { metadata: { annotations: { [SWITCHOVER_ANNOTATION]: null } } };
  const response = await send(patchRequest(LOCKS, { namespace: lock.namespace, on: lock.metadata }, body));
  return classify(response) === "ok" ? viewLock(objectOf(response), context.clock.serverNow()) : lock;
};

const stopped = (served: Served, stop: Stop, findings: readonly Finding[]): PassOutcome | Promise<PassOutcome> => {
  if (stop.kind === "restart") return stop;
  const unfinished = unfinishedBy(stop);
  if (unfinished === undefined) return done("NamespaceTerminating");
  const { lock, admission } = served;
  const { set, record } = admission;
  const result = { ...unfinished, kind: "unfinished", findings } as const;
  const pass = { lock, result, group: set.uid, record, promotion: undefined };
  return publish(served, pass, failed(stop.doing, stop.response));
};

/** Whoever promoted the writer may have died before it could say so: then the status tells, and this pass says it. */
const promotionOf = (
  { context, lock, admission }: Served,
  { promoted, epoch }: { promoted: boolean; epoch: number },
  { writer, reason }: { writer: Candidate; reason: string },
): Pass["promotion"] => {
  if (!promoted && lock.status.epoch === epoch) return undefined;
  if (promoted) {
    context.metrics.count(ELECTIONS, { ...seriesOf(lock), reason });
    context.log.info("writer promoted", { ...logged(ownerOf(lock)), writer: writer.name, epoch, reason });
  }
  const before = admission.record?.holder;
  return {
    target: writer,
    reason: promoted ? reason : "PromotionFound",
    previous: before?.uid === writer.uid ? undefined : before,
  };
};

interface Settled {
  readonly record: RecordView | undefined;
  readonly leader: Candidate | undefined;
  readonly promoted: boolean;
}

const afterHandOver = async (
  served: Served,
  { record, leader: writer, promoted }: Settled,
  { reason, findings }: { reason: string; findings: readonly Finding[] },
): Promise<PassOutcome> => {
  if (record?.epoch === undefined || writer === undefined) return restart("the writer is gone");
  const promotion = promotionOf(served, { promoted, epoch: record.epoch }, { writer, reason });
  const [lock] = await Promise.all([completeSwitchover(served, writer), renewed(served, record)]);
  const result = { kind: "settled", writer: writer.name, epoch: record.epoch, findings } as const;
  return publish(served, { lock, result, group: served.admission.set.uid, record, promotion }, done(reason));
};

const decide = ({ lock, admission }: Served, pods: readonly Candidate[]): Decision<Leading, Holding> => {
  const { set, record } = admission;
  const verdict = elect({ lock, set, record, pods });
  return verdict.kind === "lead"
    ? { verdict, target: { kind: "pod", uid: verdict.target.uid } }
    : { verdict, target: undefined };
};

const observe = async (
  served: Served,
  observed: Observed<Candidate>,
  contested: readonly Finding[],
): Promise<PassOutcome> => {
  const { context, lock, admission } = served;
  const { set, record } = admission;
  const { verdict: election, next } = await preview(observed, (pods) => decide(served, pods));
  const who =
    election.kind === "lead" ? `pod ${election.target.name} would be the writer` : "nobody would be the writer";
  const message = `${who} (${election.reason}); next: ${next}`;
  context.log.info("observed", { ...logged(ownerOf(lock)), reason: election.reason, decision: message });
  const result = { kind: "observed", message, findings: [...election.findings, ...contested] } as const;
  return publish(served, { lock, result, group: set.uid, record, promotion: undefined }, done("ObserveMode"));
};

const act = async (
  served: Served,
  observed: Observed<Candidate>,
  contested: readonly Finding[],
): Promise<PassOutcome> => {
  const { context, lock, admission } = served;
  const { set, record } = admission;
  const carried = await carryOut(lockPorts(served, lock, { set, group: set.uid }), observed, (pods) => {
    const able = pods.filter((pod) => disqualification(pod, set.uid) === undefined).length;
    context.metrics.set(READY_PODS, seriesOf(lock), able);
    return decide(served, pods);
  });
  const findings = [...(carried.verdict?.findings ?? []), ...contested];
  if (carried.kind === "stopped") return stopped(served, carried.stop, findings);
  const { reason } = carried.verdict;
  if (carried.kind === "settled") return afterHandOver(served, carried, { reason, findings });
  const result = { ...carried.verdict, kind: "held", epoch: record?.epoch, findings } as const;
  return publish(served, { lock, result, group: set.uid, record, promotion: undefined }, done(reason));
};

/** The former groups end first; then the pods as they are observed, with the lock that was claimed. */
const begin = async (served: Served, { pods, others }: GroupPods<Candidate>): Promise<PassOutcome> => {
  const { context, lock, admission, owner } = served;
  const { set, record, adopts } = admission;
  if (record === undefined || adopts) {
    const { namespace } = lock;
    const former = others.filter(({ raw }) => isToBeAdopted(raw, set)).flatMap(({ group }) => group ?? []);
    const ended = await endFormerGroups(new Set(former), (group) => endFormerGroup(served, { namespace, group }));
    if (ended !== undefined) return ended;
  }
  const epochSeen = lock.status.epoch ?? 0;
  const observed = { names: ROLES, group: set.uid, record, pods, epochSeen, now: context.clock.serverNow() };
  const contested = contestFindings({ names: ROLES, record, lease: owner.lease, pods });
  return context.mode === "observe" ? observe(served, observed, contested) : act(served, observed, contested);
};

/** One attempt to bring the lock's group to rest, on a record that was read before its pods. */
export const serve = async (io: Io, owner: Owner, admission: Serving): Promise<PassOutcome> => {
  const { lock } = owner;
  const { set, record, adopts } = admission;
  if (record === undefined || adopts) {
    const { namespace, leaseName: name } = lock;
    const ended = await dropOtherRecords(io, { feature: ROLES.feature, namespace, group: set.uid, name });
    if (ended !== undefined) return ended;
  }
  const now = io.context.clock.serverNow();
  const [claimed, loaded] = await Promise.all([claim(io, claimOf(lock)), owner.pods(now)]);
  if (claimed.kind !== "claimed") return claimed;
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const view = claimed.object === undefined ? lock : viewLock(claimed.object, io.context.clock.serverNow());
  return begin({ ...io, owner, lock: view, admission }, loaded.value);
};
