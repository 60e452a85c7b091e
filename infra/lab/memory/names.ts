/** What names, labels and annotations may look like, with the API server's own messages. */
import type { Problem } from "./refusal.ts";

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SUBDOMAIN_LENGTH = 253;
const LABEL_LENGTH = 63;

/** Which names a kind accepts. */
export type NameRule = "subdomain" | "label";

const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const tooLong = (what: string, bytes: number): string => `${what}must be no more than ${bytes} bytes`;

const matching = (
  text: string,
  bytes: number,
  [pattern, otherwise, what]: readonly [RegExp, string, string],
): readonly string[] => [
  ...(text.length > bytes ? [tooLong(what, bytes)] : []),
  ...(pattern.test(text) ? [] : [otherwise]),
];

const NAME_RULES: Readonly<Record<NameRule, readonly [number, RegExp, string]>> = {
  subdomain: [SUBDOMAIN_LENGTH, SUBDOMAIN, SUBDOMAIN_TEXT],
  label: [LABEL_LENGTH, DNS_LABEL, DNS_LABEL_TEXT],
};

/** Why a name of an object is refused; empty when it is fine. */
export const nameFaults = (name: string, rule: NameRule): readonly string[] => {
  const [bytes, pattern, otherwise] = NAME_RULES[rule];
  return matching(name, bytes, [pattern, otherwise, ""]);
};

export const labelValueFaults = (value: string): readonly string[] =>
  matching(value, LABEL_LENGTH, [LABEL_VALUE, LABEL_VALUE_TEXT, ""]);

/** A label or annotation key, a finalizer, a reporting controller: `[prefix/]name`. */
export const qualifiedNameFaults = (key: string): readonly string[] => {
  const parts = key.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const prefix = parts.length === 2 ? parts[0] : undefined;
  const prefixFaults =
    prefix === ""
      ? ["prefix part must be non-empty"]
      : prefix === undefined
        ? []
        : matching(prefix, SUBDOMAIN_LENGTH, [SUBDOMAIN, `prefix part ${SUBDOMAIN_TEXT}`, "prefix part "]);
  const nameProblems = matching(name, LABEL_LENGTH, [QUALIFIED, QUALIFIED_TEXT, "name part "]);
  return [...prefixFaults, ...(name === "" ? ["name part must be non-empty"] : []), ...nameProblems];
};

/** A problem with a value that is there but wrong. */
export const invalidValue = (field: string, value: unknown, why: string): Problem => ({
  field,
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

export const required = (field: string, why = ""): Problem => ({
  field,
  reason: "FieldValueRequired",
  message: why === "" ? "Required value" : `Required value: ${why}`,
});

export const forbidden = (field: string, why: string): Problem => ({
  field,
  reason: "FieldValueForbidden",
  message: `Forbidden: ${why}`,
});

export const unsupported = (field: string, value: unknown, accepted: readonly string[]): Problem => ({
  field,
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${accepted.map((text) => JSON.stringify(text)).join(", ")}`,
});
