/** How bad input is refused: one message that names the field, what it got and what it accepts; thrown inside the decoder only. */

const SHOWN_CHARACTERS = 100;

export class Refusal extends Error {}

const show = (value: unknown): string => {
  if (value === undefined || value === "") return value === "" ? "an empty value" : "nothing";
  if (typeof value === "string") {
    return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
  }
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : JSON.stringify(value);
};

/** Throws a `Refusal` with the message `<field>: got <value, at most 100 characters>, accepts <what>`. */
export const refuse: (field: string, got: unknown, accepts: string) => never = (field, got, accepts) => {
  throw new Refusal(`${field}: got ${show(got)}, accepts ${accepts}`);
};

/** The value if it is a string that is not empty. */
export const textAt = (field: string, value: unknown): string =>
  typeof value === "string" && value !== "" ? value : refuse(field, value, "a non-empty string");

/** The value if it is a JSON object. */
export const recordAt = (field: string, value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : refuse(field, value, "a JSON object");
