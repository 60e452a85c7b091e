/** What the doctor reads: kinds of its own installation, and kinds that have to do with whatever is led. */
import { LOCKS } from "../../functions/election/labels.ts";
import { enrolmentLabel, MANAGED_BY, MANAGED_BY_LABEL } from "../../functions/kit/handover/names.ts";
import {
  ENDPOINT_SLICES,
  LEASES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  type Resource,
} from "../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../functions/roles/labels.ts";
import { MANAGER, MANAGER_LABEL } from "../../functions/standby/route/names.ts";

const resource = (groupVersion: string, plural: string, kind: string): Resource => {
  const [group = "", version = ""] = groupVersion.split("/");
  return { group, version, plural, kind };
};

/** In the namespace of the installation. */
export type OwnName =
  | "knativeServices"
  | "deployments"
  | "ownServices"
  | "apiServerSources"
  | "pingSources"
  | "triggers"
  | "scaledObjects"
  | "interceptorRoutes"
  | "networkPolicies";

/** In the namespaces that the function serves. */
export type LedName =
  | "locks"
  | "checkers"
  | "services"
  | "statefulSets"
  | "records"
  | "lockPods"
  | "checkerPods"
  | "standbyPods"
  | "slices";

export const OWN: Readonly<Record<OwnName, Resource>> = {
  knativeServices: resource("serving.knative.dev/v1", "services", "Service"),
  deployments: resource("apps/v1", "deployments", "Deployment"),
  ownServices: SERVICES,
  apiServerSources: resource("sources.knative.dev/v1", "apiserversources", "ApiServerSource"),
  pingSources: resource("sources.knative.dev/v1", "pingsources", "PingSource"),
  triggers: resource("eventing.knative.dev/v1", "triggers", "Trigger"),
  scaledObjects: resource("keda.sh/v1alpha1", "scaledobjects", "ScaledObject"),
  interceptorRoutes: resource("http.keda.sh/v1beta1", "interceptorroutes", "InterceptorRoute"),
  networkPolicies: resource("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
};

export const LED: Readonly<Record<LedName, Resource>> = {
  locks: LOCKS,
  checkers: CHECKERS,
  services: SERVICES,
  statefulSets: STATEFUL_SETS,
  records: LEASES,
  lockPods: PODS,
  checkerPods: PODS,
  standbyPods: PODS,
  slices: ENDPOINT_SLICES,
};

/** Of large collections only what is ours. */
export const LABEL_SELECTORS: Readonly<Partial<Record<LedName, string>>> = {
  records: `${MANAGED_BY_LABEL}=${MANAGED_BY}`,
  lockPods: enrolmentLabel("election"),
  checkerPods: enrolmentLabel("roles"),
  standbyPods: enrolmentLabel("standby"),
  slices: `${MANAGER_LABEL}=${MANAGER}`,
};

const DEFINITIONS = resource("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition");

export const definitionPath = (name: string): string =>
  `/apis/${DEFINITIONS.group}/${DEFINITIONS.version}/${DEFINITIONS.plural}/${name}`;

export const definitionName = ({ plural, group }: Resource): string => `${plural}.${group}`;

/** What a cluster may have beside Kubernetes, each known by one of its definitions. */
export const PLATFORM: Readonly<Record<string, string>> = {
  Serving: definitionName(OWN.knativeServices),
  Eventing: definitionName(OWN.apiServerSources),
  KEDA: definitionName(OWN.scaledObjects),
  "the HTTP add-on": definitionName(OWN.interceptorRoutes),
};

/** The one label of a namespace that the doctor knows without reading it: its name. */
export const NAMESPACE_LABEL = "kubernetes.io/metadata.name";
