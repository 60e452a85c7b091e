/**
 * Of each object only what the checker reads: a recording goes to other people, and environments, commands and other people's
 * annotations may hold secrets. What is judged as it happens is cut in the same way, so that a replay judges the same.
 */
import type { KubeObject, ManagedFieldsEntry, ObjectMeta } from "../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION } from "../../functions/standby/labels.ts";

const OUR_PREFIX = "bellwether.dev/";

const KEPT: ReadonlySet<string> = new Set([
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "labels",
]);

const isKeptAnnotation = (name: string): boolean => name.startsWith(OUR_PREFIX) || name === MODE_ANNOTATION;

/** Fields whose writers the checker asks for, beside those of metadata. */
const KEPT_FIELDS: ReadonlySet<string> = new Set(["f:spec", "f:endpoints"]);

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

const below = (tree: unknown, name: string): unknown => (isTree(tree) ? tree[name] : undefined);

const only = (tree: unknown, keeps: (name: string) => boolean): Tree =>
  isTree(tree) ? Object.fromEntries(Object.entries(tree).filter(([name]) => keeps(name))) : {};

/** A field without fields below it stands for all of its value: what is cut to nothing has to go. */
const unlessEmpty = (name: string, tree: Tree): Tree => (Object.keys(tree).length === 0 ? {} : { [name]: tree });

/** Field names tell of environment variables too; where the spec is kept, its fields tell who wrote it. */
const redactedFields = (fields: unknown, keepsSpec: boolean): Tree => {
  const metadata = below(fields, "f:metadata");
  const labels = only(below(metadata, "f:labels"), (name) => name.startsWith("f:"));
  const annotations = only(below(metadata, "f:annotations"), (name) => isKeptAnnotation(name.slice("f:".length)));
  const kept = { ...unlessEmpty("f:labels", labels), ...unlessEmpty("f:annotations", annotations) };
  const spec = keepsSpec ? only(fields, (name) => KEPT_FIELDS.has(name)) : {};
  return { ...unlessEmpty("f:metadata", kept), ...spec };
};

const redactedEntry = ({ fieldsV1, ...entry }: ManagedFieldsEntry, keepsSpec: boolean): ManagedFieldsEntry => ({
  ...entry,
  fieldsV1: redactedFields(fieldsV1, keepsSpec),
});

const redactedMetadata = (metadata: ObjectMeta, keepsSpec: boolean): ObjectMeta => {
  const { annotations, managedFields = [], ownerReferences = [] } = metadata;
  return {
    ...(only(metadata, (name) => KEPT.has(name)) as unknown as ObjectMeta),
    annotations: only(annotations, isKeptAnnotation) as Readonly<Record<string, string>>,
    ownerReferences,
    managedFields: managedFields.map((entry) => redactedEntry(entry, keepsSpec)),
  };
};

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

interface Endpoints {
  readonly addressType?: string;
  readonly endpoints?: readonly Tree[] | null;
}

const ENDPOINT_FIELDS: ReadonlySet<string> = new Set(["addresses", "conditions", "targetRef"]);

const redactedSlice = ({ addressType, endpoints }: Endpoints): Tree => ({
  addressType,
  endpoints: (endpoints ?? []).map((endpoint) => only(endpoint, (name) => ENDPOINT_FIELDS.has(name))),
});

/**
 * Of a pod neither spec nor containers; of a Service the selector, of a slice whom it leads to. Leases and our custom resources hold
 * nothing that is not for everybody's eyes.
 */
export const redacted = (object: KubeObject): KubeObject => {
  const { apiVersion = "", kind = "", metadata } = object;
  const keepsSpec = kind !== PODS.kind;
  const identity = { apiVersion, kind, metadata: redactedMetadata(metadata, keepsSpec) };
  if (kind === SERVICES.kind) return { ...identity, spec: only(object.spec, (name) => name === "selector") };
  if (kind === ENDPOINT_SLICES.kind) return { ...identity, ...redactedSlice(object as Endpoints) };
  if (keepsSpec) return { ...identity, spec: object.spec };
  const { phase, conditions = [] } = (object.status ?? {}) as PodStatus;
  return { ...identity, status: { phase, conditions: conditions.map(({ type, status }) => ({ type, status })) } };
};
