/**
 * The kinds that the memory API serves and how they differ: built-in ones as their strategies in Kubernetes say,
 * custom ones as their CustomResourceDefinition says.
 */
import type { Resource } from "../../../functions/kit/kube/request.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, listIn } from "./json.ts";
import type { NameRule } from "./names.ts";

/**
 * When metadata.generation grows: never, when the spec changes, when anything but metadata and status changes, or
 * labels too.
 */
type GenerationRule = "none" | "spec" | "content" | "contentAndLabels";

export interface Kind extends Resource {
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** PUT of a missing object creates it. */
  readonly createsOnUpdate: boolean;
  /** PUT may leave out the resourceVersion. */
  readonly updatesUnconditionally: boolean;
  readonly generation: GenerationRule;
  /** DELETE answers with the object instead of a Status. */
  readonly returnsDeleted: boolean;
  readonly names: NameRule;
  /** The structural schema of a custom resource; undefined for a built-in kind. */
  readonly custom: Fields | undefined;
}

const kindWith = (group: string, plural: string, kind: string, rest: Partial<Kind>): Kind => ({
  group,
  version: "v1",
  plural,
  kind,
  namespaced: true,
  hasStatus: false,
  createsOnUpdate: false,
  updatesUnconditionally: true,
  generation: "none",
  returnsDeleted: false,
  names: "subdomain",
  custom: undefined,
  ...rest,
});

export const NAMESPACES: Kind = kindWith("", "namespaces", "Namespace", {
  namespaced: false,
  hasStatus: true,
  names: "label",
});

const BUILT_IN: readonly Kind[] = [
  NAMESPACES,
  kindWith("", "pods", "Pod", { hasStatus: true, generation: "spec", returnsDeleted: true }),
  kindWith("", "configmaps", "ConfigMap", {}),
  kindWith("", "nodes", "Node", { namespaced: false, hasStatus: true }),
  kindWith("", "services", "Service", {
    hasStatus: true,
    createsOnUpdate: true,
    returnsDeleted: true,
    names: "label",
  }),
  kindWith("apps", "statefulsets", "StatefulSet", { hasStatus: true, generation: "spec" }),
  kindWith("coordination.k8s.io", "leases", "Lease", {
    createsOnUpdate: true,
    updatesUnconditionally: false,
  }),
  kindWith("events.k8s.io", "events", "Event", { createsOnUpdate: true }),
  kindWith("discovery.k8s.io", "endpointslices", "EndpointSlice", {
    generation: "contentAndLabels",
  }),
];

const text = (value: unknown): string => (typeof value === "string" ? value : "");

const customKind = (spec: Fields, version: Fields): Kind => {
  const names = fieldsOf(spec["names"]);
  return kindWith(text(spec["group"]), text(names["plural"]), text(names["kind"]), {
    updatesUnconditionally: false,
    version: text(version["name"]),
    namespaced: spec["scope"] === "Namespaced",
    hasStatus: Object.hasOwn(fieldsOf(version["subresources"]), "status"),
    generation: "content",
    custom: fieldsOf(fieldsOf(version["schema"])["openAPIV3Schema"]),
  });
};

const customKinds = (definition: unknown): readonly Kind[] => {
  const spec = fieldsOf(fieldsOf(definition)["spec"]);
  return listIn(spec["versions"])
    .map(fieldsOf)
    .filter((version) => version["served"] === true)
    .map((version) => customKind(spec, version));
};

/**
 * All kinds, by `group/version/plural`. Two versions of one custom resource are two kinds here: there is no
 * conversion.
 */
export const kindsOf = (definitions: readonly unknown[]): ReadonlyMap<string, Kind> =>
  new Map(
    [...BUILT_IN, ...definitions.flatMap((definition) => customKinds(definition))].map((kind) => [
      `${kind.group}/${kind.version}/${kind.plural}`,
      kind,
    ]),
  );
