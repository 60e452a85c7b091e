/**
 * Puts a weakened protocol into the whole function: a simulation that does not catch each of them would prove nothing. The test
 * replaces the exports of the modules by these wrappers (`vi.mock`), which change nothing while no variant is chosen.
 */
import type { elect } from "../../functions/election/decide.ts";
import type { loadOwner } from "../../functions/election/load.ts";
import type { absorbEnrolled, answerToReread, hangingHolder } from "../../functions/kit/handover/attempt.ts";
import type { plan, planEnrolment } from "../../functions/kit/handover/plan.ts";
import { PODS, type KubeRequest, type KubeResponse, type Transport } from "../../functions/kit/kube/request.ts";
import type { viewCandidate } from "../../functions/kit/pods/candidate.ts";
import type { Variant } from "../weakened/variants.ts";
import type { Weaken } from "./world.ts";

let chosen: Variant | undefined;
/** Requests for pods in the last pass over each lock. */
const listedBefore = new Map<string, Map<string, KubeRequest>>();

/** The next simulation lacks what the variant leaves out; undefined: nothing. */
export const choose = (variant: Variant | undefined): void => {
  chosen = variant;
  listedBefore.clear();
};

export const weakPlan =
  (real: typeof plan): typeof plan =>
  (observed, target) =>
    (chosen?.plan?.(real) ?? real)(observed, target);

export const weakPlanEnrolment =
  (real: typeof planEnrolment): typeof planEnrolment =>
  (observed) =>
    (chosen?.planEnrolment?.(real) ?? real)(observed);

export const weakElect =
  (real: typeof elect): typeof elect =>
  (input) =>
    (chosen?.elect?.(real) ?? real)(input);

export const weakView =
  (real: typeof viewCandidate): typeof viewCandidate =>
  (pod, names, about) => {
    const view = real(pod, names, about);
    return chosen?.see?.(view) ?? view;
  };

export const weakAbsorbEnrolled =
  (real: typeof absorbEnrolled): typeof absorbEnrolled =>
  (observed, enrolled) =>
    (chosen?.absorbEnrolled?.(real) ?? real)(observed, enrolled);

export const weakAnswerToReread =
  (real: typeof answerToReread): typeof answerToReread =>
  (view, known, response) =>
    (chosen?.answerToReread?.(real) ?? real)(view, known, response);

export const weakHangingHolder =
  (real: typeof hangingHolder): typeof hangingHolder =>
  (observed, change) =>
    chosen?.seeksHolder === false ? undefined : real(observed, change);

/** The function's requests on their way to the server. */
export const weakServer: Weaken = (server) => (request) => server(chosen?.request?.(request) ?? request);

const isPodList = ({ verb, resource }: KubeRequest): boolean => verb === "list" && resource.plural === PODS.plural;

/** Lists at once what the last pass over the same lock listed, and gives these answers, once each, when they are asked for. */
const podsFirst = async (send: Transport, known: Map<string, KubeRequest>): Promise<Transport> => {
  const early = new Map<string, KubeResponse>();
  const list = async (request: KubeRequest): Promise<void> => void early.set(request.path, await send(request));
  await Promise.all([...known.values()].map(list));
  return (request) => {
    const answer = early.get(request.path);
    if (isPodList(request)) known.set(request.path, request);
    if (answer === undefined || !early.delete(request.path)) return send(request);
    return Promise.resolve(answer);
  };
};

/** Pods are listed before the record is read, as far as it is known which. */
export const weakLoadOwner =
  (real: typeof loadOwner): typeof loadOwner =>
  async (send, key, context) => {
    if (chosen?.podsFirst !== true) return real(send, key, context);
    const name = `${key.namespace}/${key.name}`;
    const known = listedBefore.get(name) ?? new Map<string, KubeRequest>();
    listedBefore.set(name, known);
    return real(await podsFirst(send, known), key, context);
  };
