/** The cluster as it was read once. Every check is a function of this value, and of nothing else. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, type Resource } from "../../functions/kit/kube/request.ts";
import type { Manifest } from "../lab/manifests.ts";
import { definitionName, type LedName, type OwnName } from "./resources.ts";

/** Something that the caller is not allowed to read. */
export interface Refused {
  readonly collection: OwnName | LedName | "sinks";
  /** Undefined: all namespaces, or none. */
  readonly namespace: string | undefined;
  /** The API server's message. */
  readonly reason: string;
}

/** A permission that an account of ours needs somewhere. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  /** With its subresource, as rules have it: `statefulsetlocks/status`. */
  readonly resource: string;
}

export interface Review extends Permission {
  readonly account: Account;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
  /** Text: the caller may not ask, and why. */
  readonly allowed: boolean | string;
}

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface Snapshot {
  /** Of the installation. */
  readonly namespace: string;
  /** Milliseconds on the API server's clock. */
  readonly now: number;
  /** Of Kubernetes, such as `v1.36.3`. */
  readonly version: string;
  /** `group/version` of everything that is served. */
  readonly groupVersions: readonly string[];
  /** CustomResourceDefinitions of this release, to compare with. */
  readonly shipped: readonly Manifest[];
  /** CustomResourceDefinitions: ours, and those by which the platform is known. */
  readonly definitions: readonly KubeObject[];
  /** Names of those that the caller may not read. */
  readonly hiddenDefinitions: readonly string[];
  readonly own: Readonly<Record<OwnName, readonly KubeObject[]>>;
  readonly led: Readonly<Record<LedName, readonly KubeObject[]>>;
  /** Locks and checkers of namespaces that are not served, as far as the caller may list them. */
  readonly strays: readonly KubeObject[];
  /** Services of other namespaces that sinks name. */
  readonly sinks: readonly KubeObject[];
  /** `ingress-class` of Serving; undefined: not readable, or no Serving. */
  readonly ingressClass: string | undefined;
  readonly reviews: readonly Review[];
  readonly refused: readonly Refused[];
}

/** `Kind namespace/name`, as kubectl understands it. */
export const nameOf = ({ apiVersion = "", kind = "", metadata }: KubeObject): string => {
  const group = apiVersion.startsWith("serving.") ? `.${apiVersion.split("/")[0] ?? ""}` : "";
  return `${kind}${group} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
};

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Status {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

export const conditionsOf = ({ status }: KubeObject): readonly Condition[] =>
  ((status ?? {}) as Status).conditions ?? [];

export const conditionOf = (object: KubeObject, type: string): Condition | undefined =>
  conditionsOf(object).find((condition) => condition.type === type);

/**
 * The API server knows the kind; where it does not, that there are no objects of it is told as that. The version of a definition is in the
 * server's list before that is established, and with names that another one has for ever.
 */
export const isServed = (
  { groupVersions, definitions }: Pick<Snapshot, "groupVersions" | "definitions">,
  resource: Resource,
): boolean => {
  const definition = definitions.find(({ metadata }) => metadata.name === definitionName(resource));
  const isPending = definition !== undefined && conditionOf(definition, "Established")?.status !== "True";
  return resource.group === "" || (groupVersions.includes(apiVersionOf(resource)) && !isPending);
};

/** Undefined: its controller says no such thing, or speaks of the object as it is. */
export const staleGeneration = ({ metadata, status }: KubeObject): number | undefined => {
  const { observedGeneration } = (status ?? {}) as Status;
  return observedGeneration === undefined || observedGeneration === metadata.generation
    ? undefined
    : observedGeneration;
};

/** Why it is not Ready, as its controller says; undefined: it is. */
export const unreadiness = (object: KubeObject): string | undefined => {
  const stale = staleGeneration(object);
  if (stale !== undefined) return `status of generation ${stale}, the object is at ${object.metadata.generation ?? 0}`;
  const ready = conditionOf(object, "Ready");
  if (ready === undefined) return "no condition Ready: its controller has not looked at it";
  if (ready.status === "True") return undefined;
  return [ready.status, ready.reason, ready.message].filter((text) => text !== undefined && text !== "").join(" ");
};
