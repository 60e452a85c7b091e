/** Whether our CustomResourceDefinitions are there, served, and say what those of this release say. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Manifest } from "../../lab/manifests.ts";
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import { conditionOf } from "../snapshot.ts";

const REMEDY = "kubectl apply -k infra/crds";
const SHOWN_MAX = 3;

interface Version {
  readonly name: string;
  readonly served?: boolean;
  readonly subresources?: { readonly status?: object };
  readonly schema?: unknown;
}

const versionsOf = (definition: KubeObject | Manifest): readonly Version[] =>
  ((definition.spec ?? {}) as { readonly versions?: readonly Version[] }).versions ?? [];

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Paths of leaves and their values; descriptions say nothing to the API server. */
const leavesOf = (value: unknown, path = ""): readonly (readonly [string, unknown])[] =>
  isObject(value)
    ? Object.entries(value)
        .filter(([key, below]) => !(key === "description" && typeof below === "string"))
        .flatMap(([key, below]) => leavesOf(below, path === "" ? key : `${path}.${key}`))
    : [[path, value]];

/** Paths at which the two say different things. */
const differences = (one: unknown, other: unknown): readonly string[] => {
  const [here, there] = [new Map(leavesOf(one)), new Map(leavesOf(other))];
  const paths = new Set([...here.keys(), ...there.keys()]);
  return [...paths].filter((path) => here.get(path) !== there.get(path)).toSorted();
};

const listed = (paths: readonly string[]): string =>
  paths.length <= SHOWN_MAX
    ? paths.join(", ")
    : `${paths.slice(0, SHOWN_MAX).join(", ")} and ${paths.length - SHOWN_MAX} more`;

const about = ({ metadata }: Manifest): Pick<Finding, "object" | "remedy"> => ({
  object: `CustomResourceDefinition ${metadata.name}`,
  remedy: REMEDY,
});

const schemaFindings = (found: KubeObject, shipped: Manifest): readonly Finding[] =>
  versionsOf(shipped).flatMap((wanted): readonly Finding[] => {
    const version = versionsOf(found).find(({ name }) => name === wanted.name);
    const field = `spec.versions[${wanted.name}]`;
    const told = about(shipped);
    if (version?.served !== true || version.subresources?.status === undefined) {
      const got = version?.served === true ? "served without its subresource status" : "not served";
      return [error({ ...told, field, got, accepted: "served, with the subresource status" })];
    }
    const different = differences(version.schema, wanted.schema);
    return different.length === 0
      ? []
      : [
          warning({
            ...told,
            field: `${field}.schema`,
            got: `differs in ${listed(different)}`,
            accepted: "the schema of this release: what another one does not know is dropped",
          }),
        ];
  });

const hidden = (shipped: Manifest, groupVersions: readonly string[]): Finding => {
  const { group = "" } = shipped["spec"] as { readonly group?: string };
  const wanted = versionsOf(shipped).map(({ name }) => `${group}/${name}`);
  const accepted = "one that can be compared with that of this release";
  if (!wanted.every((groupVersion) => groupVersions.includes(groupVersion)))
    return error({ ...about(shipped), field: "spec.versions", got: `${wanted.join(", ")} is not served`, accepted });
  const got = "served, but the caller may not read the definition";
  return warning({
    ...about(shipped),
    field: "spec.versions",
    got,
    accepted,
    remedy: "Have an administrator of the cluster run the doctor.",
  });
};

const findingsOf = (shipped: Manifest, found: KubeObject | undefined): readonly Finding[] => {
  const told = { ...about(shipped), accepted: "there, and Established" };
  if (found === undefined) return [error({ ...told, field: "metadata.name", got: "there is none" })];
  const established = conditionOf(found, "Established");
  if (established?.status === "True") return schemaFindings(found, shipped);
  return [error({ ...told, field: "status.conditions[Established]", got: established?.message ?? "not set" })];
};

export const definitions: Check = {
  name: "definitions",
  reads: [],
  fine: "the CRDs are established, with the schema of this release",
  run: ({ shipped, definitions: found, hiddenDefinitions, groupVersions }) =>
    shipped.flatMap((wanted) => {
      const { name } = wanted.metadata;
      if (hiddenDefinitions.includes(name)) return [hidden(wanted, groupVersions)];
      return findingsOf(
        wanted,
        found.find(({ metadata }) => metadata.name === name),
      );
    }),
};
