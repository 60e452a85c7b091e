import { describe, expect, it } from "vitest";
import { conform, validate } from "../../../infra/lab/memory/schema.ts";

const problems = (value: unknown, schema: Readonly<Record<string, unknown>>): readonly string[] =>
  validate(value, schema, { path: "v", inBody: "v", root: "<nil>" }).map(({ reason }) => reason);

describe("validate", () => {
  it.each([
    ["a text of the right type", "x", { type: "string" }, []],
    ["a number for a text", 1, { type: "string" }, ["FieldValueTypeInvalid"]],
    ["a text below minLength", "", { type: "string", minLength: 1 }, ["FieldValueInvalid"]],
    ["a text above maxLength", "ab", { type: "string", maxLength: 1 }, ["FieldValueTooLong"]],
    ["a text against a pattern", "a b", { type: "string", pattern: "^[a-z]+$" }, ["FieldValueInvalid"]],
    ["a text outside its enum", "x", { type: "string", enum: ["y"] }, ["FieldValueNotSupported"]],
    ["a text that is no date-time", "today", { type: "string", format: "date-time" }, ["FieldValueTypeInvalid"]],
    ["a date-time", "2026-01-01T00:00:00Z", { type: "string", format: "date-time" }, []],
    ["an integer below its minimum", 0, { type: "integer", minimum: 1 }, ["FieldValueInvalid"]],
    ["an integer above its maximum", 2, { type: "integer", maximum: 1 }, ["FieldValueInvalid"]],
    ["an integer beyond int32", 2 ** 31, { type: "integer", format: "int32" }, ["FieldValueInvalid"]],
    ["an object without a required field", {}, { type: "object", required: ["a"] }, ["FieldValueRequired"]],
    ["null where it is allowed", null, { type: "string", nullable: true }, []],
    ["a text for an int-or-string", "50%", { "x-kubernetes-int-or-string": true }, []],
    ["too many items", [1, 2], { type: "array", maxItems: 1, items: { type: "integer" } }, ["FieldValueTooMany"]],
    ["a wrong item", ["x"], { type: "array", items: { type: "integer" } }, ["FieldValueTypeInvalid"]],
    [
      "a wrong value of a map",
      { a: 1 },
      { type: "object", additionalProperties: { type: "string" } },
      ["FieldValueTypeInvalid"],
    ],
  ])("judges %s", (_case, value, schema, expected) => {
    expect(problems(value, schema)).toEqual(expected);
  });
});

describe("conform", () => {
  const schema = {
    type: "object",
    properties: {
      known: { type: "string" },
      preset: { type: "integer", default: 3 },
      open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
    },
  };

  it("drops what the schema does not know, also in maps, and sets defaults", () => {
    const value = { known: "x", unknown: 1, open: { any: 1 }, map: { k: { a: "1", b: "2" } } };
    expect(conform(value, schema)).toEqual({ known: "x", preset: 3, open: { any: 1 }, map: { k: { a: "1" } } });
  });

  it("drops a null that the schema does not allow", () => {
    expect(conform({ known: null, preset: 1 }, schema)).toEqual({ preset: 1 });
  });
});
