/** What is wrong with a spec that a user wrote: each problem names the field, what it got and what it accepts. */

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_CHARACTERS_MAX = 253;
const SHOWN_CHARACTERS_MAX = 100;

const shown = (value: unknown): string =>
  value === undefined ? "nothing" : JSON.stringify(value).slice(0, SHOWN_CHARACTERS_MAX);

export const problem = (field: string, got: unknown, accepted: string): string =>
  `${field}: got ${shown(got)}, accepted is ${accepted}`;

/** Whether an object may have that name: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
export const isObjectName = (text: string): boolean => text.length <= NAME_CHARACTERS_MAX && DNS_SUBDOMAIN.test(text);

export const nameProblems = (field: string, value: unknown): readonly string[] =>
  typeof value === "string" && isObjectName(value)
    ? []
    : [problem(field, value, "the name of an object (lower-case DNS subdomain, 1 to 253 characters)")];

export const wholeNumberProblems = (
  field: string,
  value: unknown,
  { from, to }: { readonly from: number; readonly to: number },
): readonly string[] =>
  Number.isInteger(value) && Number(value) >= from && Number(value) <= to
    ? []
    : [problem(field, value, `a whole number from ${from} to ${to}`)];

export const flagProblems = (field: string, value: unknown): readonly string[] =>
  typeof value === "boolean" ? [] : [problem(field, value, "true or false")];

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
