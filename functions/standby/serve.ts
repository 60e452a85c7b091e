/** Serves a group that may be served: read its pods, enrol, choose, hand over, lead its Services to the active pod, renew, report. */
import { trueFinding, type Finding } from "../kit/conditions.ts";
import type { Io } from "../kit/context.ts";
import { carryOut, preview, type CarriedOut, type Decision } from "../kit/group/carry-out.ts";
import { renewIfDue } from "../kit/group/renew.ts";
import { logged } from "../kit/group/subject.ts";
import type { Stop } from "../kit/handover/attempt.ts";
import { disqualification } from "../kit/handover/choose.ts";
import { contestFindings } from "../kit/handover/contest.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { Observed } from "../kit/handover/plan.ts";
import { keyText } from "../kit/keys.ts";
import { done, failed, restart, unfinishedBy, type PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { selects } from "../kit/selector.ts";
import { cutOver, extend, restoreFirst } from "./cut-over.ts";
import { crowdedBy, lead, type Standing, type Verdict } from "./decide.ts";
import { ROLES } from "./labels.ts";
import type { Situation } from "./load.ts";
import { letGo, type Resting } from "./leavers.ts";
import { READY_PODS, RENEWALS, seriesOf } from "./metrics.ts";
import { isNarrowed, subjectOf, type ServiceView } from "./model.ts";
import { recordSpecOf, standbyPorts } from "./ports.ts";
import { publish, type PassResult } from "./publish.ts";
import type { Said } from "./said.ts";

type Holding = Extract<Verdict, { kind: "hold" }>;
type Settled = Extract<CarriedOut<Candidate, Verdict, Holding>, { kind: "settled" }>;

interface Served extends Io {
  readonly situation: Situation;
  readonly standing: Standing;
  readonly record: RecordView | undefined;
  readonly said: Said;
  /** Groups that have pods which the selector finds, where this one has no record yet. */
  readonly awaited: readonly string[];
  /** Groups that have an active pod which the selector finds: a Service that comes to ask for the active pod would lead to both. */
  readonly rivals: readonly string[];
  /** Younger Services that cannot be given back, and why: they would lead to a pod that they find and that is made active here, beside their own. */
  readonly crowding: readonly ServiceView[];
  readonly crowded: PassOutcome | undefined;
}

type Serving = Pick<Served, "context" | "send" | "situation" | "standing" | "record" | "said">;

/** Those groups are to run first. */
const passedTo = ({ situation: { namespace } }: Served, groups: readonly string[]): PassOutcome => ({
  kind: "done",
  reason: "PodsOfAnotherGroup",
  next: groups.map((name) => keyText({ namespace, name })),
});

const report = (
  served: Served,
  { result, findings }: { readonly result: PassResult; readonly findings: readonly Finding[] },
  outcome: PassOutcome,
): Promise<PassOutcome> => publish(served, served.said, { standing: served.standing, result, findings }, outcome);

const renewed = async (served: Served, record: RecordView): Promise<void> => {
  const { context, standing, situation } = served;
  const { owner, leaseDurationSeconds } = recordSpecOf(served, standing);
  const wrote = await renewIfDue(served, { record, owner, leaseDurationSeconds }, situation.lease);
  if (wrote) context.metrics.count(RENEWALS, seriesOf(standing.owners[0]));
};

const stopped = (served: Served, stop: Stop, findings: readonly Finding[]): PassOutcome | Promise<PassOutcome> => {
  if (stop.kind === "restart") return stop;
  const unfinished = unfinishedBy(stop);
  if (unfinished === undefined) return done("NamespaceTerminating");
  const result = { ...unfinished, kind: "unfinished", record: served.record } as const;
  return report(served, { result, findings }, failed(stop.doing, stop.response));
};

/** Nobody is moved, or nobody is active any more. */
const held = async (
  served: Served,
  { message, record }: { readonly message: string; readonly record: RecordView | undefined },
  findings: readonly Finding[],
): Promise<PassOutcome> => {
  // Where the replaced controller has narrowed a selector, how it was before is kept from the first sight on.
  const kept = await extend(served, served.standing.owners.filter(isNarrowed));
  const result = { kind: "held", record, previous: served.record?.holder, message } as const;
  return report(served, { result, findings }, kept ?? done("NoEligiblePod"));
};

const led = async (
  served: Served,
  { record, leader, promoted }: Settled,
  { reason, findings }: { readonly reason: string; readonly findings: readonly Finding[] },
): Promise<PassOutcome> => {
  const { context, standing } = served;
  if (record?.epoch === undefined || leader === undefined) return restart("the active pod is gone");
  const { epoch } = record;
  const [oldest] = standing.owners;
  if (promoted) context.log.info("pod made active", { ...logged(subjectOf(oldest)), pod: leader.name, epoch, reason });
  const before = served.record?.holder;
  const previous = before?.uid === leader.uid ? undefined : before;
  const result = { kind: "settled", active: leader, record: { ...record, epoch }, promoted, previous, reason } as const;
  const [outcome] = await Promise.all([
    served.rivals.length > 0 ? passedTo(served, served.rivals) : cutOver(served, standing, leader),
    renewed(served, record),
    report(served, { result, findings }, done(reason)),
  ]);
  return outcome ?? done(reason);
};

/** How a pass ends once leavers are gone, which may be waited for elsewhere, whether or not anybody can be active here. */
type Conclude = (record: RecordView | undefined, findings: readonly Finding[]) => Promise<PassOutcome>;

const afterLeavers = async (
  { send, standing: { group } }: Served,
  resting: Pick<Resting, "record" | "pods">,
  conclude: Conclude,
): Promise<PassOutcome> => {
  const { record, stop } = await letGo(send, { ...resting, group });
  if (stop === undefined) return conclude(record, []);
  if (stop.kind === "restart") return stop;
  const told = unfinishedBy(stop);
  await conclude(record, told === undefined ? [] : [trueFinding("Unreleased", told.reason, told.message)]);
  return failed(stop.doing, stop.response);
};

const afterHandOver = (served: Served, settled: Settled, findings: readonly Finding[]): Promise<PassOutcome> => {
  const { verdict } = settled;
  return afterLeavers(served, settled, (record, found) => {
    const all = [...findings, ...found];
    return verdict.kind === "lead"
      ? led(served, { ...settled, record }, { reason: verdict.reason, findings: all })
      : held(served, { message: verdict.message, record }, all);
  });
};

/** Nobody is made active before the pods that other groups have are ended there, or are theirs; but what has left here need not wait. */
const WAITING: Holding = { kind: "hold", vacates: true, message: "its pods are still another group's", findings: [] };

const decide = (served: Served, pods: readonly Candidate[]): Decision<Verdict, Holding> => {
  const { standing, record, awaited, crowding } = served;
  const free = pods.filter(
    ({ uid, raw }) =>
      uid === record?.holder?.uid ||
      !crowding.some(({ original }) => selects({ matchLabels: original }, raw.metadata.labels)),
  );
  const verdict = awaited.length > 0 ? WAITING : lead({ group: standing.group, record, pods: free });
  if (verdict.kind === "lead") return { verdict, target: { kind: "pod", uid: verdict.target.uid } };
  return verdict.vacates ? { verdict, target: { kind: "nobody" } } : { verdict, target: undefined };
};

const observe = async (
  served: Served,
  observed: Observed<Candidate>,
  contested: readonly Finding[],
): Promise<PassOutcome> => {
  const { verdict, next } = await preview(observed, (pods) => decide(served, pods));
  const who =
    verdict.kind === "lead" ? `pod ${verdict.target.name} (${verdict.reason})` : `nobody (${verdict.message})`;
  const message = `the active pod would be ${who}; next: ${next}`;
  served.context.log.info("observed", { ...logged(subjectOf(served.standing.owners[0])), decision: message });
  return report(
    served,
    { result: { kind: "observed", message }, findings: [...verdict.findings, ...contested] },
    done("ObserveMode"),
  );
};

const act = async (
  served: Served,
  observed: Observed<Candidate>,
  contested: readonly Finding[],
): Promise<PassOutcome> => {
  const { context, standing } = served;
  const carried = await carryOut(standbyPorts(served, standing), observed, (pods) => {
    const able = pods.filter((pod) => disqualification(pod, standing.group) === undefined).length;
    context.metrics.set(READY_PODS, seriesOf(standing.owners[0]), able);
    return decide(served, pods);
  });
  const findings = [...(carried.verdict?.findings ?? []), ...contested];
  if (carried.kind === "stopped") return stopped(served, carried.stop, findings);
  if (carried.kind === "settled") return afterHandOver(served, carried, findings);
  const { message } = carried.verdict;
  return afterLeavers(served, observed, (record, found) => held(served, { message, record }, [...findings, ...found]));
};

const groupsOf = (pods: readonly Candidate[]): readonly string[] => [
  ...new Set(pods.flatMap(({ group }) => group ?? [])),
];

const concluded = (served: Served, outcome: PassOutcome): PassOutcome => {
  if (outcome.kind !== "done") return outcome;
  const { awaited, crowded } = served;
  return awaited.length > 0 ? passedTo(served, awaited) : (crowded ?? outcome);
};

/** One attempt to bring the group to rest, on a record that was read before its pods. */
export const serve = async (serving: Serving): Promise<PassOutcome> => {
  const { context, situation, standing, record } = serving;
  const { group } = situation;
  const loaded = await situation.pods(standing);
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const { pods, others } = loaded.value;
  const labels = pods.map(({ raw }) => raw.metadata.labels ?? {});
  const crowding = crowdedBy(standing, situation.groups, labels);
  const crowded = await restoreFirst(serving, crowding);
  if (crowded?.kind === "restart") return crowded;
  const awaited = record === undefined ? groupsOf(others) : [];
  const rivals = groupsOf(others.filter(({ role }) => role === ROLES.leader));
  const served = { ...serving, awaited, rivals, crowded, crowding: crowded === undefined ? [] : crowding };
  if (awaited.length > 0 && pods.every(({ member }) => member)) return passedTo(served, awaited);
  const observed = { names: ROLES, group, record, pods, epochSeen: 0, now: context.clock.serverNow() };
  const contested = contestFindings({ names: ROLES, record, lease: situation.lease, pods });
  if (context.mode === "observe") return observe(served, observed, contested);
  return concluded(served, await act(served, observed, contested));
};
