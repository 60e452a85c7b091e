/**
 * Services and their pods as active/standby sees them: what a Service wants, what of its selector is its own, and which group that makes.
 * What a user wrote wrongly becomes a message, never a guess.
 */
import { createHash } from "node:crypto";
import type { Subject } from "../kit/group/subject.ts";
import type { KubeObject, ObjectMeta } from "../kit/kube/object.ts";
import { SERVICES } from "../kit/kube/request.ts";
import { viewCandidate, type Candidate } from "../kit/pods/candidate.ts";
import { selects } from "../kit/selector.ts";
import {
  MODE_ANNOTATION,
  MODE_VALUE,
  ORIGINAL_ANNOTATION,
  ROLES,
  ROUTE_ANNOTATION,
  ROUTE_VALUE,
  ROUTED_ANNOTATION,
  ROUTED_KEY,
} from "./labels.ts";

const SHOWN_CHARACTERS_MAX = 100;
const GROUP_CHARACTERS = 32;

/** `spec.selector` of a Service: every label has to be there. */
export type Selector = Readonly<Record<string, string>>;

/** What the annotations ask for: `none` also where they ask for something that cannot be. */
export type Mode = "none" | "label" | "route";

export interface ServiceView {
  readonly metadata: ObjectMeta;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly mode: Mode;
  /** What is wrong with what it asks for: names the field, what it got and what it accepts. */
  readonly problem: string | undefined;
  /** As it is; empty: none. */
  readonly selector: Selector;
  /** Without what either mode added. */
  readonly original: Selector;
  /** What label mode wrote down at the cut-over; undefined: nothing, or nothing readable. */
  readonly kept: Selector | undefined;
  /** Label mode has something to take back. */
  readonly isKept: boolean;
  /** Route mode has something to take back: until then label mode leaves the Service alone. */
  readonly isRouted: boolean;
  readonly raw: KubeObject;
}

/** JSON with its keys in the order of their code units: one text for one selector. */
export const selectorJson = (selector: Selector): string =>
  `{${Object.entries(selector)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(",")}}`;

/** All Services of one selector are one group, and share its active pod. */
export const groupOf = (original: Selector): string =>
  createHash("sha256").update(selectorJson(original)).digest("hex").slice(0, GROUP_CHARACTERS);

export const leaseNameOf = (group: string): string => `bellwether-standby-${group}`;

const without = (selector: Selector, keys: readonly string[]): Selector =>
  Object.fromEntries(Object.entries(selector).filter(([key]) => !keys.includes(key)));

const isSelector = (value: unknown): value is Selector =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === "string");

const parseSelector = (text: string | undefined): Selector | undefined => {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isSelector(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const unaccepted = (field: string, got: string, accepted: string): string =>
  `${field}: got ${JSON.stringify(got.slice(0, SHOWN_CHARACTERS_MAX))}, accepted is ${accepted}`;

interface Spec {
  readonly type?: string;
  readonly selector?: Selector | null;
}

const problemOf = ({ metadata }: KubeObject, { type }: Spec, original: Selector): string | undefined => {
  const mode = metadata.annotations?.[MODE_ANNOTATION];
  if (mode === undefined) return undefined;
  if (mode !== MODE_VALUE) return unaccepted(`annotation ${MODE_ANNOTATION}`, mode, JSON.stringify(MODE_VALUE));
  const route = metadata.annotations?.[ROUTE_ANNOTATION] ?? ROUTE_VALUE;
  if (route !== ROUTE_VALUE) return unaccepted(`annotation ${ROUTE_ANNOTATION}`, route, JSON.stringify(ROUTE_VALUE));
  if (type === "ExternalName") return unaccepted("spec.type", type, "a type that leads to pods");
  return Object.keys(original).length === 0
    ? "spec.selector: got nothing but what active/standby adds, accepted is at least one label of the pods"
    : undefined;
};

const modeOf = ({ annotations, deletionTimestamp }: ObjectMeta, problem: string | undefined): Mode => {
  const isAsked = annotations?.[MODE_ANNOTATION] !== undefined && deletionTimestamp === undefined;
  if (!isAsked || problem !== undefined) return "none";
  return annotations?.[ROUTE_ANNOTATION] === undefined ? "label" : "route";
};

export const viewService = (service: KubeObject): ServiceView => {
  const { metadata } = service;
  const spec = (service.spec ?? {}) as Spec;
  const selector = spec.selector ?? {};
  const original = without(selector, [ROLES.roleLabel, ROUTED_KEY]);
  const problem = problemOf(service, spec, original);
  const kept = metadata.annotations?.[ORIGINAL_ANNOTATION];
  return {
    metadata,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    mode: modeOf(metadata, problem),
    problem,
    selector,
    original,
    kept: parseSelector(kept),
    isKept: kept !== undefined,
    isRouted: selector[ROUTED_KEY] !== undefined || metadata.annotations?.[ROUTED_ANNOTATION] !== undefined,
    raw: service,
  };
};

/** Label mode serves it, or would if no older group shared its pods. */
export const isOwner = ({ mode, isRouted }: ServiceView): boolean => mode === "label" && !isRouted;

/** It was served, and is not to be any more: its selector is to be restored. */
export const isFormer = (service: ServiceView): boolean =>
  service.isKept && !isOwner(service) && service.metadata.deletionTimestamp === undefined;

/** The group that an owner makes, or a former owner was in. */
export const groupOfService = (service: ServiceView): string =>
  groupOf(isOwner(service) ? service.original : (service.kept ?? service.original));

export const isNarrowed = ({ selector }: ServiceView): boolean => selector[ROLES.roleLabel] === ROLES.leader;

/** Nothing is left to write on it: the selector asks for the active pod, and the annotation tells how it was before. */
export const isExtended = (service: ServiceView): boolean =>
  isNarrowed(service) && service.metadata.annotations?.[ORIGINAL_ANNOTATION] === selectorJson(service.original);

/** Extended for one group, and edited since: it asks for the active pod of another, which may have none. */
export const isEdited = (service: ServiceView): boolean =>
  isOwner(service) &&
  isNarrowed(service) &&
  service.kept !== undefined &&
  groupOf(service.kept) !== groupOfService(service);

export const subjectOf = ({ namespace, name, uid }: Pick<ServiceView, "namespace" | "name" | "uid">): Subject => ({
  resource: SERVICES,
  noun: "service",
  namespace,
  name,
  uid,
});

/** The pods of a group, and how they are found. */
export interface Team {
  readonly group: string;
  readonly selector: Selector;
}

/**
 * Whoever the selector finds is a member, whatever owns it; but a pod that is enrolled in another group is that group's until it ends:
 * groups never take a pod from each other, so that none is made active for two.
 */
export const viewStandbyPod = (pod: KubeObject, { group, selector }: Team, now: number): Candidate => {
  const view = viewCandidate(pod, ROLES, { member: selects({ matchLabels: selector }, pod.metadata.labels), now });
  return { ...view, member: view.member && (view.group === undefined || view.group === group) };
};
