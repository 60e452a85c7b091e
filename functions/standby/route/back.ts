/**
 * The way out of route mode: the selector first, so that the controllers fill their own slices again; ours when they have; and last what tells
 * that there is something to take back.
 */
import { ROUTED_ANNOTATION, ROUTED_KEY } from "../labels.ts";
import { selectorJson } from "../model.ts";
import { isContested, planPause } from "./contest.ts";
import type { Family } from "./endpoint.ts";
import { contentOf, isReadyEndpoint, type OtherSlice, type RoutedService, type SliceView } from "./model.ts";
import { ROUTED_EPOCH_ANNOTATION, SELECTOR_CONTROLLER, TURN } from "./names.ts";
import { deletion, partsOf, podOf, serviceStep, settled, write, type Observed, type Step } from "./step.ts";
import { isFollowed, nextTurn } from "./turn.ts";

/** With what tells that the label is to be taken back, should somebody have taken that off. */
const planKey = (service: RoutedService): Step | undefined =>
  service.selector[ROUTED_KEY] === undefined
    ? undefined
    : serviceStep({
        annotations: { [ROUTED_ANNOTATION]: selectorJson(service.original) },
        labels: { [TURN]: nextTurn(service) },
        selector: { [ROUTED_KEY]: null },
      });

const familyNamed = (addressType: string): Family => (addressType === "IPv6" ? "IPv6" : "IPv4");

/** What a slice says of its pod stays true while it still leads there. */
const planTruth = (observed: Observed, slice: SliceView): Step | undefined => {
  const { name, holder, epoch = 0, second, turn, exclusive, labels } = slice;
  const family = familyNamed(slice.addressType);
  const content = { ...contentOf(observed.service, family, podOf(observed, holder)), labels };
  return write("refresh", slice, { name, family, holder, epoch, second, turn, exclusive, content });
};

/** The selector's controller would still lead there now: it hears of pods and of Services apart, and one may be late. */
const isTrue = (observed: Observed, { addressType }: OtherSlice, uid = ""): boolean => {
  const pod = podOf(observed, { name: "", uid });
  return contentOf(observed.service, familyNamed(addressType), pod).endpoints.some((one) => isReadyEndpoint(one));
};

const leadsSomewhere = (observed: Observed, other: OtherSlice): boolean =>
  other.ready.some((uid) => other.manager !== SELECTOR_CONTROLLER || isTrue(observed, other, uid));

/** The controllers lead somewhere in each family in which we do, and not since before the key was taken out. */
const isFilled = (observed: Observed): boolean => {
  const { service, slices, others } = observed;
  const isFollowing = isFollowed(service, others);
  return slices.every(
    ({ addressType, endpoints }) =>
      !endpoints.some((endpoint) => isReadyEndpoint(endpoint)) ||
      (isFollowing && others.some((other) => other.addressType === addressType && leadsSomewhere(observed, other))),
  );
};

/** Nobody waits for slices of a former Service of this name, or of a family that it has no more: the controllers fill none in their place. */
const planForeign = ({ service, slices }: Observed): Step | undefined => {
  const families: readonly string[] = service.families;
  const foreign = slices.find(
    ({ owner = service.uid, addressType }) => owner !== service.uid || !families.includes(addressType),
  );
  return foreign === undefined ? undefined : deletion(foreign);
};

/** A turn that somebody took off before its end: no controller could be told any more from one that never heard of any. */
const planAnotherTurn = (observed: Observed): Step | undefined =>
  isContested(observed)
    ? (planPause(observed) ?? serviceStep({ labels: { [TURN]: nextTurn(observed.service) } }))
    : undefined;

const planHandBack = (observed: Observed): Step | undefined => {
  for (const slice of observed.slices) {
    const truth = planTruth(observed, slice);
    if (truth !== undefined) return truth;
  }
  const turn = planAnotherTurn(observed);
  if (turn !== undefined) return turn;
  return isFilled(observed) ? undefined : { kind: "wait", reason: "ControllersNotFilled" };
};

const planRemoval = (observed: Observed): Step | undefined => {
  const { record, second, strays } = partsOf(observed);
  const next = [...strays, second, record].find((slice) => slice !== undefined);
  return next === undefined ? undefined : deletion(next);
};

/** Once the controllers have heard of the turn: without it they could not be told from those that never did. */
const planRelease = ({ service, others }: Observed): Step => {
  const ours = [ROUTED_ANNOTATION, ROUTED_EPOCH_ANNOTATION];
  const left = ours.filter((key) => service.metadata.annotations?.[key] !== undefined);
  if (left.length === 0) return settled("NotRouted");
  if (service.turn !== undefined && service.isSelecting && !isFollowed(service, others)) {
    return { kind: "wait", reason: "ControllersNotFilled" };
  }
  return serviceStep({
    annotations: Object.fromEntries(left.map((key) => [key, null])),
    labels: service.turn === undefined ? {} : { [TURN]: null },
  });
};

export const planBack = (observed: Observed): Step => {
  const { service } = observed;
  // Its slices go with it.
  if (service.metadata.deletionTimestamp !== undefined) return settled("NotRouted");
  const begin = planForeign(observed) ?? planKey(service) ?? (service.isSelecting ? planHandBack(observed) : undefined);
  return begin ?? planRemoval(observed) ?? planRelease(observed);
};
