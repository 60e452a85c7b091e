/** A protocol that lacks what keeps two writers apart most of all: a simulation that does not catch it would prove nothing. */
import { ROLES } from "../../functions/election/labels.ts";
import { tokenAnnotation } from "../../functions/kit/handover/names.ts";
import { getRequest, objectOf, PODS, type KubeRequest, type PatchBody } from "../../functions/kit/kube/request.ts";
import { NAMESPACE, type Weaken } from "./world.ts";

interface Marks {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

const marksOf = (request: KubeRequest): Marks => (request.body as PatchBody).metadata ?? {};

/** Only a fence takes the token off. */
const isFence = (request: KubeRequest): boolean =>
  request.method === "PATCH" &&
  request.resource === PODS &&
  marksOf(request).annotations?.[tokenAnnotation(ROLES.feature)] === null;

/** Says of each fence that it is done, and does nothing: what a function that promotes without fencing would do. */
export const unfenced: Weaken = (server) => (request) => {
  if (!isFence(request)) return server(request);
  const found = server(getRequest(PODS, NAMESPACE, request.name ?? ""));
  if (found.status !== 200) return found;
  const pod = objectOf(found);
  const { labels, annotations } = marksOf(request);
  const kept = Object.entries({ ...pod.metadata.annotations, ...annotations }).filter(([, value]) => value !== null);
  const metadata = {
    ...pod.metadata,
    labels: { ...pod.metadata.labels, ...labels },
    annotations: Object.fromEntries(kept),
  };
  return { status: 200, body: { ...pod, metadata } };
};
