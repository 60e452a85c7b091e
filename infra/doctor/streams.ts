/** What the sources of the form that is there stream: which kinds, from which namespaces, and which objects of them. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, type Resource } from "../../functions/kit/kube/request.ts";
import type { LabelSelector, SelectorRequirement } from "../../functions/kit/selector.ts";
import { argumentsOf } from "./environment.ts";
import type { Workload } from "./installation.ts";
import { NAMESPACE_LABEL } from "./resources.ts";

export interface Stream {
  readonly apiVersion: string;
  /** As a source names it: the kind, or its plural. */
  readonly kind: string;
  /** Undefined: one that cannot be read here. */
  readonly selector: LabelSelector | undefined;
  /** As ApiServerSources have it; undefined: one that cannot be read here. */
  readonly namespaces: LabelSelector | undefined;
}

/** Everything, as the API has it. */
const ALL: LabelSelector = {};

export const isOf = ({ apiVersion, kind }: Stream, resource: Resource): boolean =>
  apiVersion === apiVersionOf(resource) && (kind === resource.kind || kind === resource.plural);

interface ApiServerSourceSpec {
  readonly namespaceSelector?: LabelSelector;
  readonly resources?: readonly {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly selector?: LabelSelector;
  }[];
}

export const sourceSpecOf = ({ spec }: KubeObject): ApiServerSourceSpec => spec ?? {};

const keysOf = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly string[] => [
  ...Object.keys(matchLabels),
  ...matchExpressions.map(({ key }) => key),
];

/** Namespaces that a source hears of; undefined: their labels decide, which the doctor does not read. */
export const namespacesOf = (source: KubeObject): LabelSelector | undefined => {
  const { namespaceSelector } = sourceSpecOf(source);
  if (namespaceSelector === undefined) return { matchLabels: { [NAMESPACE_LABEL]: source.metadata.namespace ?? "" } };
  return keysOf(namespaceSelector).every((key) => key === NAMESPACE_LABEL) ? namespaceSelector : undefined;
};

export const streamsOfApiServerSource = (source: KubeObject): readonly Stream[] =>
  (sourceSpecOf(source).resources ?? []).map(({ apiVersion = "", kind = "", selector = ALL }) => ({
    apiVersion,
    kind,
    selector,
    namespaces: namespacesOf(source),
  }));

const TERM = /^(?<not>!)?(?<key>[\w./-]+)(?:(?<operator>!=|==?)(?<value>[\w.-]*))?$/;

const requirementOf = (term: string): SelectorRequirement | undefined => {
  const { not, key, operator, value = "" } = TERM.exec(term.trim())?.groups ?? {};
  if (key === undefined) return undefined;
  if (operator === undefined) return { key, operator: not === undefined ? "Exists" : "DoesNotExist" };
  return { key, operator: operator === "!=" ? "NotIn" : "In", values: [value] };
};

/** Of `key=value`, `key!=value`, `key` and `!key`, separated by commas; undefined: sets of values, or nothing that is known. */
export const selectorOfText = (text: string): LabelSelector | undefined => {
  const matchExpressions = text.split(",").flatMap((term) => requirementOf(term) ?? []);
  return matchExpressions.length === text.split(",").length ? { matchExpressions } : undefined;
};

/** `apps/v1/statefulsets?app=db`. Where none is named, the source streams all that we ship; its namespaces are looked at with the settings. */
export const streamsOfSource = (source: Workload): readonly Stream[] | undefined => {
  const all = argumentsOf(source, "--resource");
  if (all.length === 0) return undefined;
  return all.map((text) => {
    const [path = "", query] = text.split("?");
    const slash = path.lastIndexOf("/");
    const selector = query === undefined ? ALL : selectorOfText(query);
    return { apiVersion: path.slice(0, slash), kind: path.slice(slash + 1), selector, namespaces: ALL };
  });
};
