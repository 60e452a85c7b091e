/** Serves an admitted checker: claim it, read its pods, enrol, ask, hand over, renew, report. */
import type { Finding } from "../kit/conditions.ts";
import type { Io } from "../kit/context.ts";
import { carryOut, preview, type Decision } from "../kit/group/carry-out.ts";
import { claim } from "../kit/group/claim.ts";
import { endFormerGroups } from "../kit/group/orphans.ts";
import { dropOtherRecords } from "../kit/group/records.ts";
import { renewIfDue } from "../kit/group/renew.ts";
import { logged } from "../kit/group/subject.ts";
import type { Stop } from "../kit/handover/attempt.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { Observed } from "../kit/handover/plan.ts";
import { done, failed, restart, unfinishedBy, type PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { GroupPods } from "../kit/pods/load.ts";
import { isToBeAdopted } from "../kit/pods/stateful-set.ts";
import type { Admission, Reach } from "./admit.ts";
import { ableAmong, chooseLocally, judge, type Verdict } from "./decide.ts";
import { ending, standing } from "./findings.ts";
import { inquire, type AskingOptions, type Heard } from "./inquiry.ts";
import { ROLES } from "./labels.ts";
import type { Owner } from "./load.ts";
import { PROMOTIONS, seriesOf } from "./metrics.ts";
import { claimOf, leaseSecondsFor, ownerOf, viewChecker, type CheckerView } from "./model.ts";
import { endFormerGroup } from "./orphans.ts";
import { checkerPorts } from "./ports.ts";
import { publish, type Move, type Pass } from "./publish.ts";
import type { PassResult } from "./report.ts";

type Serving = Extract<Admission, { kind: "serve" }>;
type Holding = Extract<Verdict, { kind: "hold" }>;
type Deciding = Exclude<Verdict, Holding>;

/** What a pass is given beside its transport. */
export interface Rules {
  readonly reach: Reach;
  readonly asking: AskingOptions;
  /** Told just before pods are asked. */
  readonly onAsking: () => void;
}

interface Served extends Io {
  readonly rules: Rules;
  readonly owner: Owner;
  readonly checker: CheckerView;
  readonly admission: Serving;
}

const ask = (served: Served, pods: readonly Candidate[]): Promise<Heard> => {
  const { checker, admission, rules } = served;
  rules.onAsking();
  return inquire(served, rules.asking, { checker, serviceName: admission.set.serviceName, pods });
};

/**
 * The answers are younger than the record that they are used under: when it turns out to have changed, they are gone with this pass; and
 * also when they have grown old before it is written.
 */
const decide = async (served: Served, pods: readonly Candidate[]): Promise<Decision<Deciding, Holding>> => {
  const { set, record } = served.admission;
  const scene = { set, record, pods };
  const heard = served.checker.localDev ? undefined : await ask(served, ableAmong(scene));
  const verdict = heard === undefined ? chooseLocally(scene) : judge(scene, heard);
  const until = heard?.goodUntil;
  switch (verdict.kind) {
    case "lead":
      return { verdict, target: { kind: "pod", uid: verdict.target.uid }, until };
    case "nobody":
      return { verdict, target: { kind: "nobody" }, until };
    case "hold":
      return { verdict, target: undefined };
  }
};

const report = (
  served: Served,
  result: PassResult,
  { record, move, outcome }: { record: RecordView | undefined; move?: Move; outcome: PassOutcome },
): Promise<PassOutcome> => {
  const { checker, admission } = served;
  const pass: Pass = { checker, result, group: admission.set.uid, record, move };
  return publish(served, pass, outcome);
};

const stopped = (served: Served, stop: Stop, findings: readonly Finding[]): PassOutcome | Promise<PassOutcome> => {
  if (stop.kind === "restart") return stop;
  const unfinished = unfinishedBy(stop);
  if (unfinished === undefined) return done("NamespaceTerminating");
  const result = { ...unfinished, kind: "unfinished", findings } as const;
  return report(served, result, { record: served.admission.record, outcome: failed(stop.doing, stop.response) });
};

interface Settled {
  readonly record: RecordView | undefined;
  readonly leader: Candidate | undefined;
  readonly promoted: boolean;
}

interface Account {
  readonly relabelled: boolean;
  readonly findings: readonly Finding[];
}

/** Whoever promoted the leader may have died before it could say so: then the status tells, and this pass says it. */
const promotionOf = (
  { context, checker, admission }: Served,
  { promoted, epoch }: { readonly promoted: boolean; readonly epoch: number },
  { target, reason }: { readonly target: Candidate; readonly reason: string },
): Move | undefined => {
  if (!promoted && checker.status.epoch === epoch) return undefined;
  if (promoted) {
    context.metrics.count(PROMOTIONS, { ...seriesOf(checker), reason });
    context.log.info("leader promoted", { ...logged(ownerOf(checker)), leader: target.name, epoch, reason });
  }
  const before = admission.record?.holder;
  const previous = before?.uid === target.uid ? undefined : before;
  return { target, reason: promoted ? reason : "PromotionFound", previous };
};

const afterHandOver = async (
  served: Served,
  { record, leader, promoted }: Settled,
  { reason, relabelled, findings }: Account & { readonly reason: string },
): Promise<PassOutcome> => {
  if (record?.epoch === undefined || leader === undefined) return restart("the leader is gone");
  const { epoch } = record;
  const move = promotionOf(served, { promoted, epoch }, { target: leader, reason });
  const leaseDurationSeconds = leaseSecondsFor(served.context.tickSeconds);
  await renewIfDue(served, { record, owner: ownerOf(served.checker), leaseDurationSeconds }, served.owner.lease);
  const result = { kind: "settled", leader: leader.name, epoch, relabelled, findings } as const;
  const outcome = ending(reason, findings);
  return report(served, result, { record, ...(move === undefined ? {} : { move }), outcome });
};

const afterEmptying = (
  served: Served,
  record: RecordView | undefined,
  { message, relabelled, findings }: Account & { readonly message: string },
): Promise<PassOutcome> => {
  const previous = served.admission.record?.holder;
  const move = { target: undefined, reason: "NobodyLeads", previous };
  const result = { kind: "leaderless", message, epoch: record?.epoch, relabelled, findings } as const;
  return report(served, result, { record, move, outcome: ending("NobodyLeads", findings) });
};

/** Whether a role label is another than before. */
const areRelabelled = (before: readonly Candidate[], now: readonly Candidate[]): boolean => {
  const roles = new Map(before.map(({ uid, role }) => [uid, role]));
  return now.some(({ uid, role }) => roles.get(uid) !== role);
};

const standingOf = ({ checker, rules, owner, admission }: Served, pods: readonly Candidate[]): readonly Finding[] =>
  standing({ checker, asking: rules.asking, record: admission.record, lease: owner.lease }, pods);

const act = async (served: Served, observed: Observed<Candidate>): Promise<PassOutcome> => {
  const { checker, admission } = served;
  const { set, record } = admission;
  const ports = checkerPorts(served, checker, { set, group: set.uid });
  const carried = await carryOut(ports, observed, (pods) => decide(served, pods));
  const findings = [...(carried.verdict?.findings ?? []), ...standingOf(served, observed.pods)];
  if (carried.kind === "stopped") return stopped(served, carried.stop, findings);
  if (carried.kind === "held") {
    const { reason } = carried.verdict;
    const result = { ...carried.verdict, kind: "held", epoch: record?.epoch, findings } as const;
    return report(served, result, { record, outcome: ending(reason, findings) });
  }
  const { verdict } = carried;
  const relabelled = areRelabelled(observed.pods, carried.pods);
  if (verdict.kind === "nobody") {
    return afterEmptying(served, carried.record, { ...verdict, relabelled, findings });
  }
  return afterHandOver(served, carried, { reason: verdict.reason, relabelled, findings });
};

const wouldBe = (verdict: Verdict): string => {
  if (verdict.kind === "lead") return `pod ${verdict.target.name} would be the leader (${verdict.reason})`;
  return `nobody would be the leader (${verdict.message})`;
};

const observe = async (served: Served, observed: Observed<Candidate>): Promise<PassOutcome> => {
  const { verdict, next } = await preview(observed, (pods) => decide(served, pods));
  const message = `${wouldBe(verdict)}; next: ${next}`;
  served.context.log.info("observed", { ...logged(ownerOf(served.checker)), decision: message });
  const findings = [...verdict.findings, ...standingOf(served, observed.pods)];
  return report(
    served,
    { kind: "observed", message, findings },
    { record: observed.record, outcome: done("ObserveMode") },
  );
};

/** The former groups end first; then the pods as they are observed, with the checker that was claimed. */
const begin = async (served: Served, { pods, others }: GroupPods<Candidate>): Promise<PassOutcome> => {
  const { context, checker, admission, rules } = served;
  const { set, record, adopts } = admission;
  if (record === undefined || adopts) {
    const { setNamespace: namespace } = checker;
    const former = others.filter(({ raw }) => isToBeAdopted(raw, set)).flatMap(({ group }) => group ?? []);
    const endFormer = (group: string): Promise<PassOutcome> =>
      endFormerGroup(served, { namespace, group }, rules.reach);
    const ended = await endFormerGroups(new Set(former), endFormer);
    if (ended !== undefined) return ended;
  }
  const epochSeen = checker.status.epoch ?? 0;
  const observed = { names: ROLES, group: set.uid, record, pods, epochSeen, now: context.clock.serverNow() };
  return context.mode === "observe" ? observe(served, observed) : act(served, observed);
};

/** One attempt to bring the checker's group to rest, on a record that was read before its pods. */
export const serve = async (
  io: Io,
  { owner, admission, rules }: { readonly owner: Owner; readonly admission: Serving; readonly rules: Rules },
): Promise<PassOutcome> => {
  const { checker } = owner;
  const { set, record, adopts } = admission;
  if (record === undefined || adopts) {
    const { setNamespace: namespace, leaseName: name } = checker;
    const ended = await dropOtherRecords(io, { feature: ROLES.feature, namespace, group: set.uid, name });
    if (ended !== undefined) return ended;
  }
  const now = io.context.clock.serverNow();
  const [claimed, loaded] = await Promise.all([claim(io, claimOf(checker)), owner.pods(now)]);
  if (claimed.kind !== "claimed") return claimed;
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const view = claimed.object === undefined ? checker : viewChecker(claimed.object, io.context.clock.serverNow());
  return begin({ ...io, rules, owner, checker: view, admission }, loaded.value);
};
