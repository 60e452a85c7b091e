/**
 * Sends the steps of route mode one after the other and puts their answers back into what is observed, until nothing is left to write or
 * somebody was faster.
 */
import type { Io } from "../../kit/context.ts";
import type { Stop } from "../../kit/handover/attempt.ts";
import { observeHandover } from "../../kit/handover/metrics.ts";
import { readOne } from "../../kit/kube/read.ts";
import { objectOf, SERVICES, type KubeResponse } from "../../kit/kube/request.ts";
import { classify } from "../../kit/kube/status-class.ts";
import { ROLES } from "../labels.ts";
import { viewRouted, viewSlice, type RoutedService } from "./model.ts";
import { plan } from "./plan.ts";
import { requestOf, type Write } from "./requests.ts";
import { needsService, type Observed, type Phase, type Step } from "./step.ts";

/** A cut-over of two families takes ten. */
const ROUNDS_MAX = 24;

export type CarriedOut =
  | {
      readonly kind: "rested";
      readonly observed: Observed;
      readonly step: Extract<Step, { readonly kind: "wait" } | { readonly kind: "settled" }>;
    }
  | (Stop & { readonly observed: Observed });

/** What the hand-over's metrics call it; the other writes are none of a hand-over. */
const COUNTED: Partial<Record<Phase, "record" | "fence" | "promote">> = {
  swap: "record",
  fence: "fence",
  fill: "promote",
};

const restart = (reason: string): Stop => ({ kind: "restart", reason });

const wording = (step: Write): string => {
  switch (step.kind) {
    case "service":
      return "write the Service";
    case "delete":
      return `delete EndpointSlice ${step.slice.name}`;
    case "write":
      return `${step.phase} EndpointSlice ${step.spec.name}`;
  }
};

const confirm = async ({ send }: Io, { namespace, name, metadata }: RoutedService): Promise<Stop | undefined> => {
  const reading = await readOne(send, SERVICES, namespace, name);
  if (!reading.ok) return { kind: "refused", doing: `get Service ${name}`, response: reading.response };
  const isSame = reading.object?.metadata.resourceVersion === metadata.resourceVersion;
  return isSame ? undefined : restart("the Service is gone or was edited");
};

const absorb = (observed: Observed, step: Write, response: KubeResponse): Observed => {
  if (step.kind === "service") return { ...observed, service: viewRouted(objectOf(response), observed.now) };
  const others = observed.slices.filter(({ uid }) => uid !== step.slice?.uid);
  if (step.kind === "delete") return { ...observed, slices: others };
  return { ...observed, slices: [...others, viewSlice(objectOf(response), observed.now)] };
};

const perform = async (io: Io, observed: Observed, step: Write): Promise<Observed | Stop> => {
  const unconfirmed = needsService(step) ? await confirm(io, observed.service) : undefined;
  if (unconfirmed !== undefined) return unconfirmed;
  const response = await io.send(requestOf(observed.service, step));
  const outcome = classify(response);
  if (outcome === "ok" || (outcome === "gone" && step.kind === "delete")) return absorb(observed, step, response);
  const isFaster = outcome === "stale" || outcome === "exists" || outcome === "gone";
  return isFaster
    ? restart(`somebody was faster: ${wording(step)}`)
    : { kind: "refused", doing: wording(step), response };
};

const performCounted = async (io: Io, observed: Observed, step: Write): Promise<Observed | Stop> => {
  const phase = step.kind === "write" ? COUNTED[step.phase] : undefined;
  if (phase === undefined) return perform(io, observed, step);
  const { clock, metrics } = io.context;
  const observer = observeHandover(metrics, ROLES.feature);
  const begun = clock.monotonic();
  const next = await perform(io, observed, step);
  observer.phase(phase, clock.monotonic() - begun);
  if (!("kind" in next)) observer.wrote(phase);
  else if (next.kind === "restart") observer.conflict(phase);
  return next;
};

/** What was to be written of the Service was taken out again on its way: a webhook that does so will do so again. */
const isUndone = (before: Observed, { kind }: Write, after: Observed): boolean =>
  kind === "service" && before.service.metadata.resourceVersion === after.service.metadata.resourceVersion;

export const carryOut = async (io: Io, start: Observed): Promise<CarriedOut> => {
  let observed = start;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const step = plan(observed);
    if (step.kind === "wait" || step.kind === "settled") return { kind: "rested", observed, step };
    // Each step depends on the answer to the last.
    // oxlint-disable-next-line no-await-in-loop
    const next = await performCounted(io, observed, step);
    if ("kind" in next) return { ...next, observed };
    if (isUndone(observed, step, next)) {
      return { kind: "rested", observed, step: { kind: "wait", reason: "TurnContested" } };
    }
    observed = next;
  }
  return { ...restart(`not at rest after ${ROUNDS_MAX} rounds`), observed };
};
