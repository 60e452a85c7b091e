/** Object metadata: what a client may set, what only the server sets, and what may never change. */
import type { Fields } from "./json.ts";
import { fieldsOf, listIn, present, textIn } from "./json.ts";
import type { Kind } from "./kinds.ts";
import { forbidden, invalidValue, labelValueFaults, nameFaults, qualifiedNameFaults, required } from "./names.ts";
import type { Meta } from "./object.ts";
import type { Problem } from "./refusal.ts";

/** RFC 3339 in whole seconds, as metav1.Time. */
export const timeText = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, "2006-01-02T15:04:05".length)}Z`;

const nonEmpty = (value: unknown): unknown => (Object.keys(fieldsOf(value)).length === 0 ? undefined : value);
const nonEmptyList = (value: unknown): unknown => (listIn(value).length === 0 ? undefined : value);

/** The fields that a client may set, empty ones left out as the server does. */
const owned = (given: Fields): Fields => ({
  labels: nonEmpty(given["labels"]),
  annotations: nonEmpty(given["annotations"]),
  ownerReferences: nonEmptyList(given["ownerReferences"]),
  finalizers: nonEmptyList(given["finalizers"]),
});

interface Birth {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly nowMs: number;
}

export const newMeta = (given: Fields, kind: Kind, { name, namespace, uid, nowMs }: Birth): Meta =>
  present({
    name,
    generateName: textIn(given["generateName"]),
    namespace,
    uid,
    resourceVersion: "",
    generation: kind.generation === "none" ? undefined : 1,
    creationTimestamp: timeText(nowMs),
    ...owned(given),
  }) as unknown as Meta;

/** The stored metadata with what the client's object sets. */
export const changedMeta = (current: Meta, given: Fields): Meta =>
  present({ ...current, ...owned(given) }) as unknown as Meta;

const ownerProblems = (owners: readonly unknown[]): readonly Problem[] =>
  owners.flatMap((owner) => {
    const field = "metadata.ownerReferences";
    const { apiVersion, kind, name, uid } = fieldsOf(owner) as Partial<
      Record<"apiVersion" | "kind" | "name" | "uid", string>
    >;
    const must = (value: string | undefined, at: string, why: string): readonly Problem[] =>
      textIn(value) === undefined ? [invalidValue(`${field}.${at}`, "", why)] : [];
    return [
      ...must(apiVersion, "apiVersion", "version must not be empty"),
      ...must(kind, "kind", "must not be empty"),
      ...must(name, "name", "must not be empty"),
      ...must(uid, "uid", "must not be empty"),
    ];
  });

/** Finalizers without a slash that Kubernetes itself knows. */
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(["kubernetes", "orphan", "foregroundDeletion"]);

const finalizerFaults = (name: string, kind: Kind): readonly string[] => {
  const isBare = kind.custom === undefined && !name.includes("/") && !STANDARD_FINALIZERS.has(name);
  return isBare ? ["name is neither a standard finalizer name nor is it fully qualified"] : qualifiedNameFaults(name);
};

const finalizerProblems = (finalizers: readonly string[], kind: Kind): readonly Problem[] =>
  finalizers.flatMap((name, at) =>
    finalizerFaults(name, kind).map((why) => invalidValue(`metadata.finalizers[${at}]`, name, why)),
  );

const labelProblems = (labels: Fields): readonly Problem[] =>
  Object.entries(labels).flatMap(([key, value]) => {
    const ofKey = qualifiedNameFaults(key).map((why) => invalidValue("metadata.labels", key, why));
    return ofKey.concat(labelValueFaults(String(value)).map((why) => invalidValue("metadata.labels", value, why)));
  });

const annotationProblems = (annotations: Fields): readonly Problem[] =>
  Object.keys(annotations).flatMap((key) =>
    qualifiedNameFaults(key.toLowerCase()).map((why) => invalidValue("metadata.annotations", key, why)),
  );

const nameProblems = (name: string, { names }: Kind): readonly Problem[] => {
  if (name === "") return [required("metadata.name", "name or generateName is required")];
  if (names === "label" && name.includes(".")) return [invalidValue("metadata.name", name, "must not contain dots")];
  return nameFaults(name, names).map((why) => invalidValue("metadata.name", name, why));
};

type Check = (meta: Meta, kind: Kind) => readonly Problem[];

const CHECKS = {
  labels: ({ labels }) => labelProblems(fieldsOf(labels)),
  annotations: ({ annotations }) => annotationProblems(fieldsOf(annotations)),
  ownerReferences: ({ ownerReferences }) => ownerProblems(ownerReferences ?? []),
  finalizers: ({ finalizers }, kind) => finalizerProblems(finalizers ?? [], kind),
} as const satisfies Readonly<Record<string, Check>>;

/** What is wrong with the metadata; what `before` has already was checked then. */
export const metaProblems = (meta: Meta, kind: Kind, before: Meta | undefined): readonly Problem[] => {
  const fields = Object.keys(CHECKS) as (keyof typeof CHECKS)[];
  const changed = fields.filter((field) => meta[field] !== before?.[field]);
  const problems = changed.flatMap((field) => CHECKS[field](meta, kind));
  return before === undefined ? [...nameProblems(meta.name, kind), ...problems] : problems;
};

const goStrings = (values: readonly string[]): string =>
  `[]string{${values.map((value) => JSON.stringify(value)).join(", ")}}`;

/** What a client's object tries to change of what may not change. */
export const immutableProblems = (current: Meta, given: Fields): readonly Problem[] => {
  const problems: Problem[] = [];
  for (const field of ["uid", "deletionTimestamp"] as const) {
    const value = textIn(given[field]);
    if (value !== undefined && value !== current[field]) {
      problems.push(invalidValue(`metadata.${field}`, value, "field is immutable"));
    }
  }
  const added = listIn(given["finalizers"])
    .map(String)
    .filter((name) => current.finalizers?.includes(name) !== true);
  if (current.deletionTimestamp !== undefined && added.length > 0) {
    problems.push(
      forbidden(
        "metadata.finalizers",
        `no new finalizers can be added if the object is being deleted, found new finalizers ${goStrings(added)}`,
      ),
    );
  }
  return problems;
};
