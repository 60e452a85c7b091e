/** Route mode with one thing left out, each as a wrapper around the shipped step function: an exploration has to find the flaw of each. */
import type { KubeRequest, PatchBody } from "../../../functions/kit/kube/request.ts";
import { ROUTED_KEY } from "../../../functions/standby/labels.ts";
import type { plan } from "../../../functions/standby/route/plan.ts";
import {
  partsOf,
  recordSpec,
  secondSpec,
  serviceStep,
  write,
  type Observed,
  type Step,
} from "../../../functions/standby/route/step.ts";
import type { SliceView } from "../../../functions/standby/route/model.ts";
import { ROUTED_VALUE, TURN } from "../../../functions/standby/route/names.ts";
import { EPOCH_ONE } from "../handover/protocol.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../../functions/kit/kube/request.ts";

type Plan = typeof plan;

export interface RouteVariant {
  readonly name: string;
  /** What this protocol lacks, as half a sentence. */
  readonly leavesOut: string;
  readonly flaw: "S2" | "S4" | "G" | "L1";
  /** In the place of `plan`. */
  readonly plan?: (real: Plan) => Plan;
  /** Applied to every write, on its way to the server. */
  readonly request?: (request: KubeRequest) => KubeRequest;
}

type Write = Extract<Step, { readonly kind: "write" }>;

/** The fence of a second slice that is there already. */
const isFence = (step: Step): step is Write & { readonly slice: SliceView } =>
  step.kind === "write" && step.phase === "fence" && step.slice !== undefined;

/** As if the second slice had been emptied under that epoch. */
const pretendingFence = (
  real: Plan,
  observed: Observed,
  { slice, spec }: Write & { readonly slice: SliceView },
): Step => {
  const fenced = { ...slice, holder: undefined, endpoints: [], epoch: spec.epoch };
  return real({ ...observed, slices: observed.slices.map((one) => (one.uid === slice.uid ? fenced : one)) });
};

const withoutFence =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    return isFence(step) ? pretendingFence(real, observed, step) : step;
  };

/** The second is filled for the target in the place of its fence. */
const fillingFirst =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    const { target } = observed;
    if (!isFence(step) || target === undefined) return step;
    const filled = secondSpec(observed, { name: target.name, uid: target.uid }, step.spec.epoch);
    return write("fill", step.slice, filled) ?? pretendingFence(real, observed, step);
  };

/** The controllers' slices count as written for the Service as it is; with `endpoints`, also as empty or as filled. */
const notWaiting =
  (reason: string, endpoints?: number) =>
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    if (step.kind !== "wait" || step.reason !== reason) return step;
    const { turn } = observed.service;
    const uids = observed.pods.map(({ uid }) => uid);
    const shown = endpoints === undefined ? {} : { endpoints, ready: endpoints === 0 ? [] : uids };
    return real({ ...observed, others: observed.others.map((other) => ({ ...other, turn, ...shown })) });
  };

/** The record names the active pod, and leads to it, from the first. */
const madeWhole =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    const { target } = observed;
    if (step.kind !== "write" || step.phase !== "create" || target === undefined) return step;
    return { ...step, spec: recordSpec(observed, { name: target.name, uid: target.uid }, step.spec.epoch + 1) };
  };

/** The key is added while the record is nobody's. */
const keyedEmpty =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    const isFirst = step.kind === "write" && step.phase === "swap" && step.slice?.holder === undefined;
    if (!isFirst || observed.service.selector[ROUTED_KEY] === ROUTED_VALUE) return step;
    return serviceStep({ labels: { [TURN]: step.spec.turn ?? null }, selector: { [ROUTED_KEY]: ROUTED_VALUE } });
  };

/** Epochs are above what is told, whatever the time is. */
const withoutClock =
  (real: Plan): Plan =>
  (observed) =>
    real({ ...observed, now: EPOCH_ONE });

/** The key is there before anything else is. */
const keyFirst =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    const { mode, selector } = observed.service;
    const isBegun = partsOf(observed).record !== undefined || observed.target === undefined;
    if (mode !== "route" || isBegun || selector[ROUTED_KEY] === ROUTED_VALUE || step.kind === "service") return step;
    return serviceStep({ selector: { [ROUTED_KEY]: ROUTED_VALUE } });
  };

/** On the way back our slices go before the key does. */
const slicesFirst =
  (real: Plan): Plan =>
  (observed) => {
    const { service } = observed;
    const [slice] = observed.slices;
    return service.mode === "route" || slice === undefined ? real(observed) : { kind: "delete", slice };
  };

/** The key comes back under the turn that the slice has already, as only its label may. */
const turningAgain =
  (real: Plan): Plan =>
  (observed) => {
    const step = real(observed);
    if (step.kind !== "write" || step.phase !== "turn" || step.slice?.turn === undefined) return step;
    return serviceStep({ labels: { [TURN]: step.slice.turn }, selector: { [ROUTED_KEY]: ROUTED_VALUE } });
  };

/** The selector is taken away instead of extended. */
const removingSelector = (request: KubeRequest): KubeRequest => {
  const body = request.body as PatchBody;
  const selector = (body["spec"] as { readonly selector?: Readonly<Record<string, unknown>> } | undefined)?.selector;
  if (request.resource !== SERVICES || selector?.[ROUTED_KEY] !== ROUTED_VALUE) return request;
  return { ...request, body: { ...body, spec: { selector: null } } };
};

const unconditional = (request: KubeRequest): KubeRequest => {
  if (request.method !== "PATCH" || request.resource !== ENDPOINT_SLICES) return request;
  const body = request.body as PatchBody;
  const { uid: _uid, resourceVersion: _version, ...metadata } = body.metadata ?? {};
  return { ...request, body: { ...body, metadata } };
};

export const ROUTE_VARIANTS: readonly RouteVariant[] = [
  {
    name: "unconditional-slices",
    leavesOut: "the preconditions of the slices' patches",
    flaw: "S4",
    request: unconditional,
  },
  {
    name: "second-not-emptied",
    leavesOut: "the emptying of the second family before the record moves",
    flaw: "S2",
    plan: withoutFence,
  },
  {
    name: "second-filled-first",
    leavesOut: "the order of the families: the second is filled before the record moves",
    flaw: "S2",
    plan: fillingFirst,
  },
  {
    name: "ended-unseen",
    leavesOut: "the wait for the controllers to empty their slices",
    flaw: "S2",
    plan: notWaiting("ControllersNotEmpty", 0),
  },
  {
    name: "empty-is-followed",
    leavesOut: "the turn: controllers' slices that are empty count as emptied",
    flaw: "S2",
    plan: notWaiting("ControllersNotEmpty"),
  },
  {
    name: "full-is-followed",
    leavesOut: "the turn: controllers' slices that are full count as filled again",
    flaw: "G",
    plan: notWaiting("ControllersNotFilled"),
  },
  {
    name: "turn-again",
    leavesOut: "the new turn of a key that somebody has taken out: it comes back under the old one",
    flaw: "S2",
    plan: turningAgain,
  },
  {
    name: "key-before-slice",
    leavesOut: "the order of the cut-over: the key is added before there is a slice of ours",
    flaw: "G",
    plan: keyFirst,
  },
  {
    name: "record-made-whole",
    leavesOut: "the record that is nobody's until the Service was read again: it is created with the active pod",
    flaw: "S2",
    plan: madeWhole,
  },
  {
    name: "key-before-pod",
    leavesOut: "the first pod: the key is added while the record is nobody's",
    flaw: "G",
    plan: keyedEmpty,
  },
  {
    name: "without-clock",
    leavesOut: "the clock, as the floor of a new epoch",
    flaw: "S4",
    plan: withoutClock,
  },
  {
    name: "selector-removed",
    leavesOut: "the key: the selector is taken away, and the controllers leave their slices as they are",
    flaw: "L1",
    request: removingSelector,
  },
  {
    name: "not-filled",
    leavesOut: "the wait for the controllers to fill their slices before ours are deleted",
    flaw: "G",
    plan: notWaiting("ControllersNotFilled", 1),
  },
  {
    name: "slices-before-key",
    leavesOut: "the order of the way back: our slices are deleted while the key is still there",
    flaw: "G",
    plan: slicesFirst,
  },
];
