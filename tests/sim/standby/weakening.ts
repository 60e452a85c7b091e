/**
 * Active/standby with one thing left out, each as a wrapper around an export of a module, which the test puts in its place (`vi.mock`). They
 * change nothing while no variant is chosen. What all features have in common is weakened by `../weakening.ts`.
 */
import type { cutOver, extend } from "../../../functions/standby/cut-over.ts";
import { ROUTED_KEY } from "../../../functions/standby/labels.ts";
import type { planBack } from "../../../functions/standby/route/back.ts";
import type { plan } from "../../../functions/standby/route/plan.ts";
import {
  deletion,
  partsOf,
  recordSpec,
  secondSpec,
  serviceStep,
  write,
  type Observed,
  type Step,
} from "../../../functions/standby/route/step.ts";
import { SERVICES, type KubeRequest, type PatchBody } from "../../../functions/kit/kube/request.ts";
import type { serve } from "../../../functions/standby/serve.ts";
import type { Weaken } from "../world.ts";

export const STANDBY_VARIANTS = [
  { name: "extends-first", leavesOut: "the active pod, before the selector asks for it", breaks: "empty" },
  { name: "impatient", leavesOut: "the second in which the controllers hear of the label", breaks: "empty" },
  { name: "removes-selector", leavesOut: "the selector itself, instead of adding a key to it", breaks: "S19" },
  { name: "key-first", leavesOut: "our slice, before the controllers empty theirs", breaks: "empty" },
  { name: "hands-back-at-once", leavesOut: "the wait for the controllers to fill their slices again", breaks: "empty" },
  {
    name: "trusts-slices",
    leavesOut: "the look whether those whom the controllers lead to can serve",
    breaks: "empty",
  },
  { name: "second-first", leavesOut: "the record, before the other family leads to the next pod", breaks: "S2" },
  { name: "second-unfenced", leavesOut: "the fence of the other family", breaks: "S2" },
] as const;

export type StandbyVariant = (typeof STANDBY_VARIANTS)[number]["name"];

let chosen: StandbyVariant | undefined;

/** The next simulation lacks what the variant leaves out; undefined: nothing. */
export const chooseStandby = (variant: StandbyVariant | undefined): void => {
  chosen = variant;
};

export const weakServe =
  (real: typeof serve, realExtend: typeof extend): typeof serve =>
  async (served) => {
    const stop = chosen === "extends-first" ? await realExtend(served, served.standing.owners) : undefined;
    return stop ?? real(served);
  };

export const weakCutOver =
  (real: typeof cutOver, realExtend: typeof extend): typeof cutOver =>
  (io, standing, active) =>
    chosen === "impatient" ? realExtend(io, standing.owners) : real(io, standing, active);

/** Whom the record is about to name, under the next epoch. */
const successor = (observed: Observed, { slice, spec: { epoch } }: Extract<Step, { readonly kind: "write" }>): Step => {
  const { record } = partsOf(observed);
  const { target } = observed;
  const holder = target === undefined ? record?.holder : { name: target.name, uid: target.uid };
  const filled = secondSpec(observed, holder, epoch);
  const fill = chosen === "second-first" ? write("fill", slice, filled) : undefined;
  return fill ?? { kind: "write", phase: "swap", slice: record, spec: recordSpec(observed, holder, epoch) };
};

export const weakRoutePlan =
  (real: typeof plan): typeof plan =>
  (observed) => {
    const step = real(observed);
    const isFence = step.kind === "write" && step.phase === "fence" && step.slice !== undefined;
    if (isFence && (chosen === "second-first" || chosen === "second-unfenced")) return successor(observed, step);
    const isBeginning = step.kind === "write" && step.phase === "create";
    const hasKey = observed.service.selector[ROUTED_KEY] !== undefined;
    return chosen === "key-first" && isBeginning && !hasKey
      ? serviceStep({ selector: { [ROUTED_KEY]: "slice" } })
      : step;
  };

/** Whoever is ready in a slice of the controllers' is there, and Ready. */
const trusting = (observed: Observed): Observed => {
  const uids = observed.pods.map(({ uid }) => uid);
  return { ...observed, others: observed.others.map((other) => (other.ready[0] ? { ...other, ready: uids } : other)) };
};

export const weakPlanBack =
  (real: typeof planBack): typeof planBack =>
  (seen) => {
    const observed = chosen === "trusts-slices" ? trusting(seen) : seen;
    const step = real(observed);
    const [slice] = observed.slices;
    const isWaiting = step.kind === "wait" && step.reason === "ControllersNotFilled";
    return chosen === "hands-back-at-once" && isWaiting && slice !== undefined ? deletion(slice) : step;
  };

const isKeying = ({ method, resource, body }: KubeRequest): boolean => {
  const { selector = {} } = ((body as PatchBody | undefined)?.["spec"] ?? {}) as { selector?: Record<string, unknown> };
  return method === "PATCH" && resource.plural === SERVICES.plural && selector[ROUTED_KEY] !== undefined;
};

/** Where the function adds its key, what is sent takes the selector off. */
export const weakStandbyServer: Weaken = (server) => (request) => {
  if (chosen !== "removes-selector" || !isKeying(request)) return server(request);
  const body = request.body as PatchBody;
  return server({ ...request, body: { ...body, spec: { selector: null } } });
};
