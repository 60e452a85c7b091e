/** Label selectors, held against the API's documentation: as text for a LIST and as a predicate. */
import { expect, test } from "vitest";
import { selectorText, selects, type LabelSelector } from "../../../functions/kit/selector.ts";

const only = (key: string, operator: string, values?: readonly string[]): LabelSelector => ({
  matchExpressions: [values === undefined ? { key, operator } : { key, operator, values }],
});

test.each<[LabelSelector, string]>([
  [{}, ""],
  [{ matchLabels: { app: "db" } }, "app=db"],
  [{ matchLabels: { app: "db", tier: "" } }, "app=db,tier="],
  [only("zone", "In", ["a", "b"]), "zone in (a,b)"],
  [only("zone", "NotIn", ["a"]), "zone notin (a)"],
  [only("zone", "Exists"), "zone"],
  [only("zone", "DoesNotExist"), "!zone"],
  [{ matchLabels: { app: "db" }, ...only("zone", "Exists") }, "app=db,zone"],
])("selector %j is %j in a LIST", (selector, text) => {
  expect(selectorText(selector)).toBe(text);
});

test("an operator that the API does not know is refused with the ones that it accepts", () => {
  expect(() => selectorText(only("zone", "Near"))).toThrow('"Near": accepted are In, NotIn, Exists, DoesNotExist');
  expect(selects(only("zone", "Near"), { zone: "a" })).toBe(false);
});

test.each<[LabelSelector, Record<string, string> | undefined, boolean]>([
  [{}, undefined, true],
  [{}, { app: "db" }, true],
  [{ matchLabels: { app: "db" } }, { app: "db", more: "x" }, true],
  [{ matchLabels: { app: "db" } }, { app: "web" }, false],
  [{ matchLabels: { app: "db" } }, undefined, false],
  [{ matchLabels: { app: "db", tier: "1" } }, { app: "db" }, false],
  [only("zone", "In", ["a", "b"]), { zone: "b" }, true],
  [only("zone", "In", ["a"]), { zone: "b" }, false],
  [only("zone", "In", ["a"]), {}, false],
  [only("zone", "NotIn", ["a"]), { zone: "b" }, true],
  [only("zone", "NotIn", ["a"]), {}, true],
  [only("zone", "NotIn", ["a"]), { zone: "a" }, false],
  [only("zone", "Exists"), { zone: "" }, true],
  [only("zone", "Exists"), {}, false],
  [only("zone", "DoesNotExist"), {}, true],
  [only("zone", "DoesNotExist"), { zone: "a" }, false],
  [{ matchLabels: { app: "db" }, ...only("zone", "Exists") }, { app: "db" }, false],
])("selector %j on labels %j: %j", (selector, labels, selected) => {
  expect(selects(selector, labels)).toBe(selected);
});
