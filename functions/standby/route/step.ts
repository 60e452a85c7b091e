/** What the steps of route mode are made of: what is observed, which of our slices is which, and the writes that there are. */
import type { Holder } from "../../kit/handover/model.ts";
import type { Candidate } from "../../kit/pods/candidate.ts";
import {
  contentOf,
  isAsSpecified,
  recordFamily,
  secondFamily,
  sliceName,
  type OtherSlice,
  type RoutedService,
  type SliceSpec,
  type SliceView,
} from "./model.ts";
import { PART_LABEL, type Part } from "./names.ts";
import { nextTurn } from "./turn.ts";

export interface Observed {
  readonly service: RoutedService;
  /** Ours, from one LIST that was read before the pods. */
  readonly slices: readonly SliceView[];
  /** The Service's other slices. */
  readonly others: readonly OtherSlice[];
  readonly pods: readonly Candidate[];
  /** Who shall be active; undefined: nobody can, and whoever is stays. */
  readonly target: Candidate | undefined;
  /** Milliseconds on the API server's clock. */
  readonly now: number;
}

/** A merge patch of the Service; null removes. */
export interface ServiceChange {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string | null>>;
  readonly selector: Readonly<Record<string, string | null>>;
}

/** `fence` and `fill` are the second slice's, the others the record's. */
export type Phase = "create" | "swap" | "fence" | "fill" | "refresh" | "turn" | "mark";

export type Rest =
  /** The Service leads to the active pod, and nowhere else. */
  | "Routed"
  /** It leads elsewhere too: by slices that neither we nor the selector's controller keep. */
  | "OtherSlices"
  /** None of its pods can be active, and none is: the Service stays as it is. */
  | "NobodyEligible"
  /** The active pod is not Ready and no other can be: a Service that is not cut over stays as it is. */
  | "ActiveNotReady"
  /** Label mode has to give the Service back before. */
  | "LabelModeFirst"
  | "NotRouted";

export type Wait = "ControllersNotEmpty" | "ControllersNotFilled" | "SliceDeleting" | "TurnContested";

export type Step =
  | { readonly kind: "service"; readonly change: ServiceChange }
  | {
      readonly kind: "write";
      readonly phase: Phase;
      /** Undefined: it is created. */
      readonly slice: SliceView | undefined;
      readonly spec: SliceSpec;
    }
  | { readonly kind: "delete"; readonly slice: SliceView }
  /** Others have to act first, or time has to pass. */
  | { readonly kind: "wait"; readonly reason: Wait }
  | { readonly kind: "settled"; readonly reason: Rest };

export interface Parts {
  readonly record: SliceView | undefined;
  readonly second: SliceView | undefined;
  /** Of another Service of this name, of a family that the Service has no more, or in the other's part: they go. */
  readonly strays: readonly SliceView[];
}

/** A record that is nobody's may have been made after the Service was given back. */
const isFirst = ({ phase, slice }: Extract<Step, { readonly kind: "write" }>): boolean =>
  phase === "swap" && slice?.holder === undefined;

/**
 * The Service is to be read once more before: it was read beside the slices, maybe earlier. What is created must not outlive a Service that
 * nobody wants routed any more, nor lead anywhere, a turn must not follow a later one, and what is deleted must not be what the Service has come
 * to be led by.
 */
export const needsService = (step: Step): boolean =>
  step.kind === "delete" ||
  (step.kind === "write" && (step.slice === undefined || step.phase === "turn" || isFirst(step)));

export const settled = (reason: Rest): Step => ({ kind: "settled", reason });

const isPart = (service: RoutedService, slice: SliceView, part: Part): boolean => {
  const family = part === "record" ? recordFamily(service) : secondFamily(service);
  return (
    family !== undefined &&
    slice.name === sliceName(service.name, family) &&
    slice.addressType === family &&
    (slice.owner ?? service.uid) === service.uid &&
    (slice.labels[PART_LABEL] ?? part) === part
  );
};

export const partsOf = ({ service, slices }: Pick<Observed, "service" | "slices">): Parts => {
  const record = slices.find((slice) => isPart(service, slice, "record"));
  // Without the record nobody can tell for whom the second was filled.
  const second = record === undefined ? undefined : slices.find((slice) => isPart(service, slice, "second"));
  return { record, second, strays: slices.filter((slice) => slice !== record && slice !== second) };
};

export const deletion = (slice: SliceView): Step =>
  slice.deleting ? { kind: "wait", reason: "SliceDeleting" } : { kind: "delete", slice };

export const serviceStep = (change: Partial<ServiceChange>): Step => ({
  kind: "service",
  change: { annotations: {}, labels: {}, selector: {}, ...change },
});

export const podOf = ({ pods }: Observed, holder: Holder | undefined): Candidate | undefined =>
  pods.find(({ uid, member }) => member && uid === holder?.uid);

export const recordSpec = (observed: Observed, holder: Holder | undefined, epoch: number): SliceSpec => {
  const { service } = observed;
  const { record, second } = partsOf(observed);
  const family = recordFamily(service);
  return {
    name: sliceName(service.name, family),
    family,
    holder,
    epoch,
    second: second?.uid,
    turn: record === undefined ? nextTurn(service) : record.turn,
    exclusive: record?.exclusive ?? false,
    content: contentOf(service, family, podOf(observed, holder)),
  };
};

export const secondSpec = (observed: Observed, holder: Holder | undefined, epoch: number): SliceSpec | undefined => {
  const { service } = observed;
  const family = secondFamily(service);
  if (family === undefined) return undefined;
  return {
    name: sliceName(service.name, family),
    family,
    holder,
    epoch,
    second: undefined,
    turn: partsOf(observed).record?.turn,
    exclusive: false,
    content: contentOf(service, family, podOf(observed, holder)),
  };
};

/** `slice` undefined: it is created. Undefined: there is nothing to write. */
export const write = (phase: Phase, slice: SliceView | undefined, spec: SliceSpec | undefined): Step | undefined =>
  spec === undefined || (slice !== undefined && isAsSpecified(slice, spec))
    ? undefined
    : { kind: "write", phase, slice, spec };
