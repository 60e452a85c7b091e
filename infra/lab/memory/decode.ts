/**
 * What the API server's decoder makes of a request's body: objects of the built-in kinds become Go structs, so a value
 * of the wrong type is refused before any validation, Lease and Event drop fields that they do not know, and times
 * must have six decimals.
 */
import type { Fields } from "./json.ts";
import { fieldsOf, isFields, omit } from "./json.ts";

/** A value that does not fit its Go type. `handle` answers 400, or 422 for the result of a patch. */
export class DecodeFault extends Error {}

type Decoder = (value: unknown, where: string) => unknown;
type Struct = Readonly<Record<string, Decoder>>;

const goType = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
};

const cannot = (value: unknown, where: string, type: string): DecodeFault => {
  const fraction = typeof value === "number" && type !== "string" ? ` ${value}` : "";
  return new DecodeFault(
    `json: cannot unmarshal ${goType(value)}${fraction} into Go struct field ${where} of type ${type}`,
  );
};

const text: Decoder = (value, where) => {
  if (typeof value !== "string") throw cannot(value, where, "string");
  return value;
};

const INT32_MAX = 2 ** 31 - 1;

const int32: Decoder = (value, where) => {
  if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > INT32_MAX) {
    throw cannot(value, where, "int32");
  }
  return value;
};

const anything: Decoder = (value) => value;

const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";
/** What each part of the layout accepts, in order. */
const MICRO_PARTS: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}/, "2006"],
  [/^-/, "-"],
  [/^(0[1-9]|1[0-2])/, "01"],
  [/^-/, "-"],
  [/^(0[1-9]|[12]\d|3[01])/, "02"],
  [/^T/, "T"],
  [/^([01]\d|2[0-3])/, "15"],
  [/^:/, ":"],
  [/^[0-5]\d/, "04"],
  [/^:/, ":"],
  [/^[0-5]\d/, "05"],
  [/^\.\d{6}/, ".000000"],
  [/^(Z|[+-]\d{2}:\d{2})/, "Z07:00"],
];

/** Microseconds behind the whole seconds, which a JavaScript Date cannot hold. */
const FRACTION = /\.(?<micros>\d{6})/;

/** metav1.MicroTime: exactly six decimals; answered in UTC. */
const microTime: Decoder = (value, where) => {
  const given = text(value, where) as string;
  let rest = given;
  for (const [pattern, layout] of MICRO_PARTS) {
    if (!pattern.test(rest)) {
      throw new DecodeFault(`parsing time "${given}" as "${MICRO_LAYOUT}": cannot parse "${rest}" as "${layout}"`);
    }
    rest = rest.replace(pattern, "");
  }
  if (rest !== "") throw new DecodeFault(`parsing time "${given}": extra text: "${rest}"`);
  const micros = FRACTION.exec(given)?.groups?.["micros"] ?? "";
  return `${new Date(given.replace(FRACTION, "")).toISOString().slice(0, "2006-01-02T15:04:05".length)}.${micros}Z`;
};

const LEASE_SPEC: Struct = {
  holderIdentity: text,
  leaseDurationSeconds: int32,
  acquireTime: microTime,
  renewTime: microTime,
  leaseTransitions: int32,
};

const EVENT: Struct = {
  eventTime: microTime,
  series: anything,
  reportingController: text,
  reportingInstance: text,
  action: text,
  reason: text,
  regarding: anything,
  related: anything,
  note: text,
  type: text,
  deprecatedSource: anything,
  deprecatedFirstTimestamp: anything,
  deprecatedLastTimestamp: anything,
  deprecatedCount: int32,
};

/** The known, non-null fields, each of its type. */
const decodeStruct = (value: unknown, struct: Struct, where: string): Fields => {
  const decoded: Record<string, unknown> = {};
  for (const [name, decode] of Object.entries(struct)) {
    const member = fieldsOf(value)[name];
    if (member !== undefined && member !== null) decoded[name] = decode(member, `${where}.${name}`);
  }
  return decoded;
};

const checkTextMap = (value: unknown, where: string): void => {
  for (const member of Object.values(fieldsOf(value))) text(member, where);
};

/** An object of a built-in kind after decoding. @throws DecodeFault */
export const decodeBuiltIn = (kind: string, object: Fields): Fields => {
  if (kind === "Lease") return { ...object, spec: decodeStruct(object["spec"], LEASE_SPEC, "LeaseSpec.spec") };
  if (kind === "Event") {
    return {
      ...omit(object, ...Object.keys(object).filter((name) => !ENVELOPE.has(name))),
      ...decodeStruct(object, EVENT, "Event"),
    };
  }
  if (kind === "ConfigMap") checkTextMap(object["data"], "ConfigMap.data");
  return object;
};

const ENVELOPE: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/**
 * Labels and annotations are maps of strings in every kind; `where` is what messages call the metadata. @throws
 * DecodeFault
 */
export const decodeMetadata = (metadata: unknown, where: string): Fields => {
  if (metadata !== undefined && metadata !== null && !isFields(metadata))
    throw cannot(metadata, where, "v1.ObjectMeta");
  const given = fieldsOf(metadata);
  checkTextMap(given["labels"], `${where}.labels`);
  checkTextMap(given["annotations"], `${where}.annotations`);
  return given;
};
