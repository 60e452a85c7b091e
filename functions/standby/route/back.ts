/**
 * The way out of route mode: the selector first, so that the controllers fill their own slices again; ours when they have; and last what tells
 * that there is something to take back.
 */
import { ROUTED_ANNOTATION, ROUTED_KEY } from "../labels.ts";
import { contentOf, isReadyEndpoint, type SliceView } from "./model.ts";
import { ROUTED_EPOCH_ANNOTATION } from "./names.ts";
import { deletion, partsOf, podOf, serviceStep, settled, write, type Observed, type Step } from "./step.ts";

/** What a slice says of its pod stays true while it still leads there. */
const planTruth = (observed: Observed, slice: SliceView): Step | undefined => {
  const { name, holder, epoch = 0, second, exclusive } = slice;
  const family = slice.addressType === "IPv6" ? "IPv6" : "IPv4";
  const { endpoints, ports } = contentOf(observed.service, family, podOf(observed, holder));
  const content = { labels: slice.labels, endpoints, ports };
  return write("refresh", slice, { name, family, holder, epoch, second, exclusive, content });
};

/** The controllers lead somewhere in each family in which we do. */
const isFilled = ({ slices, others }: Observed): boolean =>
  slices.every(
    ({ addressType, endpoints }) =>
      !endpoints.some((endpoint) => isReadyEndpoint(endpoint)) ||
      others.some((other) => other.addressType === addressType && other.ready > 0),
  );

const planHandBack = (observed: Observed): Step | undefined => {
  for (const slice of observed.slices) {
    const truth = planTruth(observed, slice);
    if (truth !== undefined) return truth;
  }
  return isFilled(observed) ? undefined : { kind: "wait", reason: "ControllersNotFilled" };
};

const planRemoval = (observed: Observed): Step | undefined => {
  const { record, second, strays } = partsOf(observed);
  const next = [...strays, second, record].find((slice) => slice !== undefined);
  return next === undefined ? undefined : deletion(next);
};

const planRelease = ({ service }: Observed): Step => {
  const ours = [ROUTED_ANNOTATION, ROUTED_EPOCH_ANNOTATION];
  const left = ours.filter((key) => service.metadata.annotations?.[key] !== undefined);
  return left.length === 0
    ? settled("NotRouted")
    : serviceStep({ annotations: Object.fromEntries(left.map((key) => [key, null])) });
};

export const planBack = (observed: Observed): Step => {
  const { service } = observed;
  // Its slices go with it.
  if (service.metadata.deletionTimestamp !== undefined) return settled("NotRouted");
  if (service.selector[ROUTED_KEY] !== undefined) return serviceStep({ selector: { [ROUTED_KEY]: null } });
  const waits = service.isSelecting ? planHandBack(observed) : undefined;
  return waits ?? planRemoval(observed) ?? planRelease(observed);
};
