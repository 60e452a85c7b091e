/** Field selectors: name and namespace for every kind, node and phase for pods. */
import { fieldsOf, textIn } from "./json.ts";
import type { Kind } from "./kinds.ts";
import type { MemoryObject } from "./object.ts";
import { badRequest } from "./refusal.ts";

type Read = (object: MemoryObject) => string;

const COMMON: Readonly<Record<string, Read>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace ?? "",
};
const OF_PODS: Readonly<Record<string, Read>> = {
  ...COMMON,
  "spec.nodeName": (pod) => textIn(fieldsOf(pod["spec"])["nodeName"]) ?? "",
  "status.phase": (pod) => textIn(fieldsOf(pod["status"])["phase"]) ?? "",
};

/** Kinds without fields of their own share a message that lists what there is. */
const PLAIN: ReadonlySet<string> = new Set(["Lease", "StatefulSet", "ConfigMap", "EndpointSlice"]);

const unknownField = (kind: string, field: string): string =>
  PLAIN.has(kind)
    ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;

/** @throws Refusal 400 when the selector cannot be parsed or names a field that the kind does not offer. */
export const fieldMatcher = (selector: string, kind: Kind): ((object: MemoryObject) => boolean) => {
  const readers = kind.kind === "Pod" ? OF_PODS : COMMON;
  const terms = selector.split(",").map((term) => {
    const match = /^(?<field>[^=!]+)(?<operator>==|=|!=)(?<value>.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
    const { field = "", operator, value = "" } = match.groups ?? {};
    const read = readers[field];
    if (read === undefined) throw badRequest(unknownField(kind.kind, field));
    return (object: MemoryObject): boolean => (read(object) === value) === (operator !== "!=");
  });
  return (object) => terms.every((matches) => matches(object));
};
