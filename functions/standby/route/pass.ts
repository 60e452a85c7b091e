/**
 * A pass over one Service of route mode: read, decide, write, report. Every write is conditional, so any number of instances may do this at
 * once, and each may die between any two writes.
 */
import { listed, trueFinding, type Finding } from "../../kit/conditions.ts";
import type { Io } from "../../kit/context.ts";
import { announce } from "../../kit/group/announce.ts";
import { logged } from "../../kit/group/subject.ts";
import type { RecordView } from "../../kit/handover/model.ts";
import type { ObjectKey } from "../../kit/keys.ts";
import { done, failed, unfinishedBy, type PassOutcome } from "../../kit/outcome.ts";
import type { Standing, Verdict } from "../decide.ts";
import { isOfRouteMode } from "../keys.ts";
import { ROLES } from "../labels.ts";
import { subjectOf } from "../model.ts";
import { publish, type PassResult } from "../publish.ts";
import type { Said } from "../said.ts";
import { isWrittenWithin } from "../written.ts";
import { carryOut, type CarriedOut } from "./carry-out.ts";
import { isContested, PAUSE_MS } from "./contest.ts";
import { decide, type Decided } from "./decide.ts";
import { endGone } from "./gone.ts";
import { loadSight, loadSituation } from "./load.ts";
import { isOurs, recordOf, type RoutedService } from "./model.ts";
import { TURN } from "./names.ts";
import { plan } from "./plan.ts";
import { partsOf, type Observed } from "./step.ts";
import { isFollowed } from "./turn.ts";

/** The controllers need about a tenth of a second to follow a selector. */
const WAIT_MS = 100;
/** They have stopped, or somebody else fills what they empty. Shorter than a run and its repetitions, so that these tell of it. */
const TOLD_AFTER_MS = 2_000;

type Rested = Extract<CarriedOut, { readonly kind: "rested" }>;
type Stopped = Exclude<CarriedOut, Rested>;

const standingOf = (service: RoutedService): Standing => ({
  group: service.uid,
  selector: service.original,
  owners: [service],
  metadata: service.metadata,
});

const recordIn = (observed: Pick<Observed, "service" | "slices">): RecordView | undefined => {
  const { record } = partsOf(observed);
  return record === undefined ? undefined : recordOf(record);
};

/** Why the Service leads past its active pod, or may, by the reason for which there is nothing to write; undefined: that is no trouble. */
const troubleOf = ({ observed: { service, others }, step: { reason } }: Rested, now: number): string | undefined => {
  if (reason === "OtherSlices") return "somebody else keeps EndpointSlices for it";
  if (reason !== "ControllersNotEmpty" || isWrittenWithin(service.metadata, TOLD_AFTER_MS, now)) return undefined;
  return isFollowed(service, others)
    ? "pods carry the key that was added to its selector"
    : "the EndpointSlice controller does not follow its selector";
};

const CONTESTED: Finding = trueFinding(
  "Contested",
  "ForeignWrites",
  `another controller or person changes what is ours: label ${TURN} of the Service`,
);

/** How others lead past the active pod. */
const findingsShared = (rested: Rested, now: number): readonly Finding[] => {
  const trouble = troubleOf(rested, now);
  if (trouble === undefined) return [];
  const names = rested.observed.others.filter(({ endpoints }) => endpoints > 0).map(({ name }) => name);
  const message =
    names.length === 0
      ? `the Service may lead past its active pod: ${trouble}`
      : `the Service leads past its active pod: ${trouble}: ${listed(names, ", ")}`;
  return [trueFinding("RouteShared", rested.step.reason, message)];
};

/** A label that was put back by now is told of all the same. */
const findingsOf = (verdict: Verdict, before: Observed, rested: Rested, now: number): readonly Finding[] => [
  ...verdict.findings,
  ...findingsShared(rested, now),
  ...(isContested(before) ? [CONTESTED] : []),
];

/** On the way back somebody else has to act before ours may go. */
const findingsBack = ({ observed: { service, others }, step }: Rested, now: number): readonly Finding[] => {
  if (step.reason === "TurnContested") return [CONTESTED];
  if (step.reason !== "ControllersNotFilled" || isWrittenWithin(service.metadata, TOLD_AFTER_MS, now)) return [];
  const trouble = isFollowed(service, others)
    ? "the EndpointSlice controller leads to no Ready pod of its selector"
    : "the EndpointSlice controller does not follow its selector";
  return [trueFinding("RouteKept", step.reason, `the Service is not given back yet: ${trouble}`)];
};

/** Undefined: there is nothing to say. The epoch on the Service tells whether a promotion was reported before. */
const resultOf = ({ observed: before }: Decided, verdict: Verdict, { observed }: Rested): PassResult | undefined => {
  const record = recordIn(observed);
  if (verdict.kind === "hold") return { kind: "held", record, message: verdict.message };
  if (record?.epoch === undefined) return undefined;
  const previous = recordIn(before)?.holder;
  const moved = previous?.uid !== verdict.target.uid;
  return {
    kind: "settled",
    active: verdict.target,
    record: { ...record, epoch: record.epoch },
    promoted: record.epoch !== before.service.epoch,
    previous: moved ? previous : undefined,
    reason: moved ? verdict.reason : "PromotionFound",
  };
};

const outcomeOf = ({ step }: Rested): PassOutcome => {
  if (step.kind === "settled") return done(step.reason);
  const afterMs = step.reason === "TurnContested" ? PAUSE_MS : WAIT_MS;
  return { kind: "retry", reason: step.reason, afterMs, trouble: "group" };
};

const reportStop = (io: Io, said: Said, decided: Decided, stop: Stopped): PassOutcome | Promise<PassOutcome> => {
  if (stop.kind === "restart") return { kind: "restart", reason: stop.reason };
  const unfinished = unfinishedBy(stop);
  if (unfinished === undefined) return done("NamespaceTerminating");
  const { observed, verdict } = decided;
  const result = { ...unfinished, kind: "unfinished", record: recordIn(stop.observed) } as const;
  const pass = { standing: standingOf(observed.service), result, findings: verdict?.findings ?? [] };
  return publish(io, said, pass, failed(stop.doing, stop.response));
};

/** Nobody is active any more, because nobody is to be. */
const reportEnd = ({ context }: Io, { observed }: Decided, rested: Rested): void => {
  const record = recordIn(observed);
  if (record?.holder === undefined || rested.observed.slices.length > 0) return;
  const { service } = observed;
  const leadership = { subject: subjectOf(service), feature: ROLES.feature, group: service.uid, record };
  announce(context, leadership, { kind: "lost", previous: record.holder, reason: "GroupEnded" });
};

const report = (io: Io, said: Said, decided: Decided, rested: Rested): PassOutcome | Promise<PassOutcome> => {
  const { verdict, observed } = decided;
  const outcome = outcomeOf(rested);
  const standing = standingOf(observed.service);
  const now = io.context.clock.serverNow();
  if (verdict === undefined) {
    reportEnd(io, decided, rested);
    return publish(io, said, { standing, result: undefined, findings: findingsBack(rested, now) }, outcome);
  }
  const result = resultOf(decided, verdict, rested);
  if (result === undefined) return outcome;
  return publish(io, said, { standing, result, findings: findingsOf(verdict, observed, rested, now) }, outcome);
};

const observe = (io: Io, said: Said, { verdict, observed }: Decided): PassOutcome | Promise<PassOutcome> => {
  const step = plan(observed);
  const next = step.kind === "write" ? step.phase : step.kind;
  const who = verdict?.kind === "lead" ? `pod ${verdict.target.name} would be active` : "nobody would be made active";
  const message = `${who}; next: ${next}`;
  const { service } = observed;
  io.context.log.info("observed", { ...logged(subjectOf(service)), decision: message });
  if (verdict === undefined) return done("ObserveMode");
  const pass = { standing: standingOf(service), result: { kind: "observed", message } as const, findings: [] };
  return publish(io, said, pass, done("ObserveMode"));
};

export const passOnce = async (io: Io, key: ObjectKey, said: Said): Promise<PassOutcome> => {
  const situation = await loadSituation(io, key);
  if (!situation.ok) return failed(situation.doing, situation.response);
  const { service, slices } = situation.value;
  const ours = slices.filter((slice) => isOurs(slice, key.name));
  if (service === undefined) return endGone(io, key, ours);
  if (ours.length === 0 && !isOfRouteMode(service)) return done("NotRouted");
  const sight = await loadSight(io, { service, slices });
  if (!sight.ok) return failed(sight.doing, sight.response);
  const decided = decide(sight.value);
  if (io.context.mode === "observe") return observe(io, said, decided);
  const carried = await carryOut(io, decided.observed);
  return carried.kind === "rested" ? report(io, said, decided, carried) : reportStop(io, said, decided, carried);
};
