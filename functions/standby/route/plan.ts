/**
 * Route mode as a pure step function: from what is observed to the next conditional write (into the mode, on to another active pod, back).
 * It has no memory: asked again with the answer of its write put back, it ends at "settled" or "wait", and whoever begins in the middle ends
 * there too. The Service leads to the active pod alone because our slices name nobody else and the controllers' own are empty: they look
 * for pods with a label that none has.
 *
 * Two families have two slices, which cannot be written at once. The second follows the record: it is emptied under the next epoch before the
 * record moves to that epoch, and filled only by whoever saw it named by the record and not ahead of it. Each write is conditional on
 * the version that was read in the same LIST, so none of these holds any more once another could have moved the record.
 */
import { nextEpoch } from "../../kit/handover/epoch.ts";
import type { Holder } from "../../kit/handover/model.ts";
import { ROLES, ROUTED_ANNOTATION, ROUTED_KEY } from "../labels.ts";
import { selectorJson } from "../model.ts";
import { planBack } from "./back.ts";
import { isContested, isKeyed, planPause } from "./contest.ts";
import { isReadyEndpoint, type SliceView } from "./model.ts";
import { ROUTED_EPOCH_ANNOTATION, ROUTED_VALUE, SELECTOR_CONTROLLER, TURN } from "./names.ts";
import {
  deletion,
  partsOf,
  recordSpec,
  secondSpec,
  serviceStep,
  settled,
  write,
  type Observed,
  type Parts,
  type Step,
} from "./step.ts";
import { isBegun, isFollowed, isMade, nextTurn } from "./turn.ts";

interface Standing extends Observed {
  readonly record: SliceView;
  readonly second: SliceView | undefined;
}

/** An epoch is written down on the Service before the slice that tells it goes. */
const planStrays = ({ service, slices }: Observed, { strays }: Parts): Step | undefined => {
  const [stray] = strays;
  if (stray === undefined) return undefined;
  const highest = Math.max(...slices.map(({ epoch = 0 }) => epoch));
  return highest > (service.epoch ?? 0)
    ? serviceStep({ annotations: { [ROUTED_EPOCH_ANNOTATION]: String(highest) } })
    : deletion(stray);
};

/** Before a slice of ours leads anywhere the Service says that route mode will have something to take back. */
const planClaim = ({ service, target, record }: Observed & Pick<Parts, "record">): Step | undefined => {
  const isClaimed = service.metadata.annotations?.[ROUTED_ANNOTATION] !== undefined;
  const leads = record !== undefined && record.endpoints.length > 0;
  return isClaimed || leads || target === undefined
    ? undefined
    : serviceStep({ annotations: { [ROUTED_ANNOTATION]: selectorJson(service.original) } });
};

/**
 * The record is made nobody's, because a creation has no condition, and may arrive after all was taken back; so under the epoch before the next. The
 * highest one that was reported stays below that, and so does the clock of the moment when any earlier one was taken.
 */
const planRecord = (observed: Observed): Step => {
  const { service, target, now } = observed;
  if (target === undefined) return settled("NobodyEligible");
  const epoch = nextEpoch([service.epoch ?? 0], now) - 1;
  return { kind: "write", phase: "create", slice: undefined, spec: recordSpec(observed, undefined, epoch) };
};

const isAnother = (one: Holder | undefined, other: Holder | undefined): boolean =>
  one?.uid !== other?.uid || one?.name !== other?.name;

/** Somebody else wrote it: the endpoint is not the holder that it names. */
const isIncoherent = ({ holder, endpoints }: SliceView): boolean =>
  endpoints.some(({ targetRef }) => targetRef?.uid !== holder?.uid);

/** Emptied under an epoch that the record has not reached: nobody who reads it there may fill it. */
const isFenced = (second: SliceView, record: SliceView): boolean =>
  second.holder === undefined && second.endpoints.length === 0 && (second.epoch ?? 0) > (record.epoch ?? 0);

/** A fence that was begun says which epoch comes next. */
const isAhead = (record: SliceView, second: SliceView | undefined): boolean =>
  second !== undefined && (second.epoch === undefined || second.epoch > (record.epoch ?? 0));

const nextOf = ({ service, record, second, now }: Standing): number =>
  Math.max(nextEpoch([record.epoch ?? 0, service.epoch ?? 0], now), second?.epoch ?? 0);

/** The record moves if and only if its holder changes, what it says is not ours, a fence was begun, or a later epoch was told. */
const isOver = (observed: Standing, holder: Holder | undefined): boolean => {
  const { service, record, second } = observed;
  return (
    (service.epoch ?? 0) > (record.epoch ?? 0) ||
    record.epoch === undefined ||
    isAnother(record.holder, holder) ||
    isIncoherent(record) ||
    isAhead(record, second)
  );
};

/** The fail-over: one compare-and-swap of the record, with two families between the fence and the filling of the second. */
const planEpoch = (observed: Standing): Step | undefined => {
  const { record, second, pods } = observed;
  // Whoever stays is named by its pod: the name on the record may be somebody else's.
  const target = observed.target ?? pods.find(({ uid }) => uid === record.holder?.uid);
  const holder = target === undefined ? record.holder : { name: target.name, uid: target.uid };
  if (!isOver(observed, holder)) return undefined;
  const epoch = nextOf(observed);
  return second === undefined || isFenced(second, record)
    ? write("swap", record, recordSpec(observed, holder, epoch))
    : write("fence", second, secondSpec(observed, undefined, epoch));
};

/** A new second is nobody's until the record names it, which every write of the record does. */
const planContent = (observed: Standing): Step | undefined => {
  const { record, second } = observed;
  const epoch = record.epoch ?? 0;
  if (second === undefined) {
    const made = write("fence", undefined, secondSpec(observed, undefined, epoch));
    return made ?? write("refresh", record, recordSpec(observed, record.holder, epoch));
  }
  return (
    write("refresh", record, recordSpec(observed, record.holder, epoch)) ??
    write("fill", second, secondSpec(observed, record.holder, epoch))
  );
};

const leadsSomewhere = ({ record, second }: Standing): boolean =>
  [...record.endpoints, ...(second?.endpoints ?? [])].some((endpoint) => isReadyEndpoint(endpoint));

/** The last `exclusive` counts no more: the controllers have to follow anew. */
const planTurn = (observed: Standing): Step | undefined => {
  const { service, record } = observed;
  const spec = recordSpec(observed, record.holder, record.epoch ?? 0);
  return write("turn", record, { ...spec, turn: nextTurn(service), exclusive: false });
};

/** An epoch is told without a pause: until it is, each pass would report it anew. */
const planPaused = (observed: Standing): Step | undefined =>
  observed.service.epoch === observed.record.epoch ? planPause(observed) : undefined;

/** The label alone is gone, and the key was there all the time: what the controllers have told of the turn still holds. */
const isStripped = (observed: Standing): boolean => observed.service.turn === undefined && isContested(observed);

/** Of a record that is nobody's there is nothing to tell: nobody was active under its epoch. */
const isTold = ({ service, record }: Standing, annotations: Readonly<Record<string, string>>): boolean =>
  record.holder === undefined ||
  Object.entries(annotations).every(([key, text]) => service.metadata.annotations?.[key] === text);

/** The selector that follows ours is added once ours leads somewhere; the epoch is told once the record has it. */
const planService = (observed: Standing): Step | undefined => {
  const { service, record } = observed;
  const { [ROUTED_KEY]: _key, [ROLES.roleLabel]: label, ...original } = service.selector;
  const turns = isKeyed(service) ? !isMade(service, record) : leadsSomewhere(observed);
  if (turns && !isBegun(service, record) && !isStripped(observed)) return planTurn(observed);
  const annotations = {
    [ROUTED_ANNOTATION]: selectorJson(original),
    [ROUTED_EPOCH_ANNOTATION]: String(record.epoch ?? 0),
  };
  if (!turns) return isTold(observed, annotations) ? undefined : serviceStep({ annotations });
  const removal = label === undefined ? {} : { [ROLES.roleLabel]: null };
  const labels = { [TURN]: record.turn ?? null };
  return serviceStep({ annotations, labels, selector: { [ROUTED_KEY]: ROUTED_VALUE, ...removal } });
};

/** The cut-over ends when the controller has followed, and no other slice names a pod. It is open again as soon as one does. */
const planEnd = (observed: Standing): Step => {
  const { service, others, record } = observed;
  if (service.selector[ROUTED_KEY] !== ROUTED_VALUE) return settled("ActiveNotReady");
  const busy = others.filter(({ endpoints }) => endpoints > 0);
  const hasFollowed = isFollowed(service, others);
  const exclusive = busy.length === 0 && (record.exclusive || hasFollowed);
  const marked = write("mark", record, { ...recordSpec(observed, record.holder, record.epoch ?? 0), exclusive });
  if (marked !== undefined) return marked;
  if (exclusive) return settled("Routed");
  const isWaiting = !hasFollowed || busy.some(({ manager }) => manager === SELECTOR_CONTROLLER);
  return isWaiting ? { kind: "wait", reason: "ControllersNotEmpty" } : settled("OtherSlices");
};

const planStanding = (standing: Standing): Step =>
  planEpoch(standing) ?? planContent(standing) ?? planPaused(standing) ?? planService(standing) ?? planEnd(standing);

const planRoute = (observed: Observed): Step => {
  const { service } = observed;
  if (service.isKept && service.metadata.annotations?.[ROUTED_ANNOTATION] === undefined) {
    return settled("LabelModeFirst");
  }
  const parts = partsOf(observed);
  const { record, second } = parts;
  const first = planStrays(observed, parts) ?? planClaim({ ...observed, record });
  if (first !== undefined) return first;
  if (record === undefined) return planRecord(observed);
  return planStanding({ ...observed, record, second });
};

/** The next write on the way into route mode, or out of it: send it, put the answer back into `observed`, and ask again. */
export const plan = (observed: Observed): Step =>
  observed.service.mode === "route" ? planRoute(observed) : planBack(observed);
