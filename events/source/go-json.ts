/**
 * JSON text as Go's `encoding/json` writes a map, because the adapter decodes each object into a map and encodes it again: keys sorted,
 * no white space, `<`, `>`, `&`, U+2028 and U+2029 escaped. https://pkg.go.dev/encoding/json#Marshal
 */

const ESCAPED = /[<>&\u2028\u2029]/gu;

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const write = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${fields.map(([key, entry]) => `${JSON.stringify(key)}:${write(entry)}`).join(",")}}`;
};

/** Takes what `JSON.parse` returned. Integers beyond 2^53 have lost digits by then; the watched kinds have none. */
export const goJson = (value: unknown): string => write(value).replaceAll(ESCAPED, escape);
