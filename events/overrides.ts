/** Reads `K_CE_OVERRIDES`, by which a SinkBinding adds extension attributes to every event that its subject sends. */
import { recordAt, refuse } from "./refusal.ts";

/** Extension attributes by name. */
export type CeOverrides = Readonly<Record<string, string>>;

const EXTENSION_NAME = /^[a-z0-9]+$/u;
const TAKEN = new Set([
  "specversion",
  "id",
  "source",
  "type",
  "subject",
  "time",
  "datacontenttype",
  "dataschema",
  "data",
]);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("K_CE_OVERRIDES", text, 'JSON such as {"extensions":{"name":"value"}}');
  }
};

/**
 * The extensions in `{"extensions":{"name":"value"}}`; none when the variable is unset or empty.
 * Throws an `Error` whose message names the field when the value is anything else.
 */
export const parseCeOverrides = (text: string | undefined): CeOverrides => {
  if (text === undefined || text === "") return {};
  const { extensions = {} } = recordAt("K_CE_OVERRIDES", parse(text));
  const entries = recordAt("K_CE_OVERRIDES.extensions", extensions);
  for (const [name, value] of Object.entries(entries)) {
    if (!EXTENSION_NAME.test(name)) refuse("K_CE_OVERRIDES.extensions", name, "names of lower-case letters and digits");
    if (TAKEN.has(name)) refuse("K_CE_OVERRIDES.extensions", name, "names of no CloudEvents attribute");
    if (typeof value !== "string" || value === "")
      refuse(`K_CE_OVERRIDES.extensions.${name}`, value, "a non-empty string");
  }
  return entries as CeOverrides;
};
