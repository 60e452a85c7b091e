/**
 * Structural schemas of custom resources: pruning of unknown fields, defaults, and validation with the API server's
 * messages. CEL rules are not evaluated.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
 */
import type { Fields } from "./json.ts";
import { copyJson, fieldsOf, isFields, listIn } from "./json.ts";
import { required, unsupported } from "./names.ts";
import type { Problem } from "./refusal.ts";

const keepsUnknown = (schema: Fields): boolean => schema["x-kubernetes-preserve-unknown-fields"] === true;

/** The schema of a member; undefined when the schema does not know it. */
const memberSchema = (schema: Fields, name: string): Fields | undefined => {
  const own = fieldsOf(schema["properties"])[name] ?? schema["additionalProperties"];
  return own === undefined || own === false ? undefined : fieldsOf(own);
};

const pruneMember = (name: string, member: unknown, schema: Fields): unknown => {
  const own = memberSchema(schema, name);
  if (own === undefined) return keepsUnknown(schema) ? member : undefined;
  return member === null && own["nullable"] !== true ? undefined : conform(member, own);
};

const pruneFields = (value: Fields, schema: Fields): Fields => {
  const kept: Record<string, unknown> = {};
  for (const [name, own] of Object.entries(fieldsOf(schema["properties"]))) {
    const preset = fieldsOf(own)["default"];
    if (preset !== undefined) kept[name] = copyJson(preset);
  }
  for (const [name, member] of Object.entries(value)) {
    const pruned = pruneMember(name, member, schema);
    if (pruned !== undefined) kept[name] = pruned;
  }
  return kept;
};

/** The value without fields that the schema does not know, nulls that it does not allow, and with its defaults. */
export const conform = (value: unknown, schema: Fields): unknown => {
  if (Array.isArray(value)) return value.map((item) => conform(item, fieldsOf(schema["items"])));
  return isFields(value) && (schema["type"] === "object" || !keepsUnknown(schema)) ? pruneFields(value, schema) : value;
};

const typeName = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "float64";
  return typeof value;
};

/** Fields below `spec` are named in full in messages, those below deeper objects as the validator sees them. */
interface Place {
  /** Field of the cause. */
  readonly path: string;
  /** Name within the message. */
  readonly inBody: string;
  /** Field of the cause for numbers outside their format. */
  readonly root: string;
}

const wrong = ({ path }: Place, value: unknown, why: string): Problem => ({
  field: path,
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

const wrongType = ({ path, inBody }: Place, value: unknown, type: string): Problem => {
  const found = typeName(value);
  return {
    field: path,
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: "${found}": ${inBody} in body must be of type ${type}: "${found}"`,
  };
};

const INT_BOUNDS: Readonly<Record<string, number>> = { int32: 2 ** 31 - 1, int64: 2 ** 63 };
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const outsideFormat = (value: number, format: string): boolean => {
  const bound = INT_BOUNDS[format];
  return bound !== undefined && (!Number.isInteger(value) || Math.abs(value) > bound);
};

const formatOf = ({ format }: Fields): string | undefined => (typeof format === "string" ? format : undefined);

const checkNumber = (value: number, schema: Fields, place: Place): readonly Problem[] => {
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number };
  const format = formatOf(schema) ?? "";
  const problems: Problem[] = [];
  if (outsideFormat(value, format)) {
    problems.push({
      field: place.root,
      reason: "FieldValueInvalid",
      message: `Invalid value: "": Checked value must be of type integer with format ${format} in ${place.inBody}`,
    });
  }
  if (minimum !== undefined && value < minimum) {
    problems.push(wrong(place, value, `${place.inBody} in body should be greater than or equal to ${minimum}`));
  }
  if (maximum !== undefined && value > maximum) {
    problems.push(wrong(place, value, `${place.inBody} in body should be less than or equal to ${maximum}`));
  }
  return problems;
};

/** Characters as the server counts them: code points. */
const lengthOf = (value: string): number => Array.from(value).length;

/** The first rule that the text breaks: the server reports no more of them. */
const textFault = (value: string, schema: Fields, place: Place): readonly Problem[] => {
  const { minLength, maxLength, pattern } = schema as { minLength?: number; maxLength?: number; pattern?: string };
  if (maxLength !== undefined && lengthOf(value) > maxLength) {
    return [
      { field: place.path, reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxLength} bytes` },
    ];
  }
  if (minLength !== undefined && lengthOf(value) < minLength) {
    return [wrong(place, value, `${place.inBody} in body should be at least ${minLength} chars long`)];
  }
  if (pattern === undefined || new RegExp(pattern).test(value)) return [];
  return [wrong(place, value, `${place.inBody} in body should match '${pattern}'`)];
};

const checkText = (value: string, schema: Fields, place: Place): readonly Problem[] => {
  const problems = textFault(value, schema, place);
  if (schema["format"] !== "date-time" || (DATE_TIME.test(value) && Number.isFinite(Date.parse(value))))
    return problems;
  const why = `${place.inBody} in body must be of type date-time: ${JSON.stringify(value)}`;
  return [...problems, { ...wrong(place, value, why), reason: "FieldValueTypeInvalid" }];
};

const join = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const checkFields = (value: Fields, schema: Fields, place: Place): readonly Problem[] => {
  const problems: Problem[] = [];
  const properties = fieldsOf(schema["properties"]);
  const additional = fieldsOf(schema["additionalProperties"]);
  for (const [name, member] of Object.entries(value)) {
    const own = fieldsOf(properties[name] ?? additional);
    problems.push(
      ...validate(member, own, {
        ...place,
        path: join(place.path, name),
        inBody: join(place.inBody, name),
      }),
    );
  }
  for (const name of listIn(schema["required"])) {
    if (typeof name === "string" && !Object.hasOwn(value, name)) problems.push(required(join(place.path, name)));
  }
  return problems;
};

const checkItems = (value: readonly unknown[], schema: Fields, place: Place): readonly Problem[] => {
  const { minItems, maxItems } = schema as { minItems?: number; maxItems?: number };
  const problems = value.flatMap((item, at) =>
    validate(item, fieldsOf(schema["items"]), {
      ...place,
      path: `${place.path}[${at}]`,
      inBody: `${place.inBody}[${at}]`,
    }),
  );
  if (minItems !== undefined && value.length < minItems) {
    problems.push(wrong(place, value.length, `${place.inBody} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) {
    problems.push({
      field: place.path,
      reason: "FieldValueTooMany",
      message: `Too many: ${value.length}: must have at most ${maxItems} items`,
    });
  }
  return problems;
};

const MATCHES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  array: Array.isArray,
  object: isFields,
};

const checkContent = (value: unknown, schema: Fields, place: Place): readonly Problem[] => {
  if (typeof value === "string") return checkText(value, schema, place);
  if (typeof value === "number") return checkNumber(value, schema, place);
  if (Array.isArray(value)) return checkItems(value, schema, place);
  return isFields(value) ? checkFields(value, schema, place) : [];
};

const isIntOrString = (value: unknown): boolean => typeof value === "string" || Number.isInteger(value);

const typeProblems = (value: unknown, schema: Fields, place: Place): readonly Problem[] | undefined => {
  const type = schema["type"];
  if (typeof type !== "string" || MATCHES[type]?.(value) !== false) return undefined;
  if (type !== "integer" || typeof value !== "number") return [wrongType(place, value, type)];
  // For a fraction the server names the format instead of the type, and then checks the number.
  return [wrongType(place, value, formatOf(schema) ?? type), ...checkNumber(value, schema, place)];
};

const enumProblems = (value: unknown, { enum: choices }: Fields, { path }: Place): readonly Problem[] =>
  !Array.isArray(choices) || choices.includes(value) ? [] : [unsupported(path, value, choices.map(String))];

/** Values that are valid whatever else the schema says. */
const isExempt = (value: unknown, schema: Fields): boolean =>
  (value === null && schema["nullable"] === true) ||
  (schema["x-kubernetes-int-or-string"] === true && isIntOrString(value));

/** What is wrong with the value, in the API server's words; empty when it is valid. */
export const validate = (value: unknown, schema: Fields, place: Place): readonly Problem[] => {
  if (isExempt(value, schema)) return [];
  const content = (): readonly Problem[] => [
    ...checkContent(value, schema, place),
    ...enumProblems(value, schema, place),
  ];
  return typeProblems(value, schema, place) ?? content();
};
