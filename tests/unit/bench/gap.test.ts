/** When a Service did not lead to a writer, from what slices and labels said. */
import { expect, test } from "vitest";
import { readyOf } from "../../../bench/lab/route.ts";
import { outagesOf, writesInto, type Outage, type ReachChange } from "../../../bench/gap/outages.ts";

const START = { ready: ["db-0"], writer: "db-0" };

test.each<[string, readonly ReachChange[], readonly Outage[]]>([
  ["nothing changes: none", [], []],
  [
    "the endpoint is not Ready until the next writer has the label and is routed to",
    [
      { at: 10, ready: [] },
      { at: 20, writer: undefined },
      { at: 30, writer: "db-1" },
      { at: 45, ready: ["db-1"] },
    ],
    [{ begin: 10, end: 45 }],
  ],
  [
    "the Service still leads to a pod that lost the label",
    [
      { at: 20, writer: undefined },
      { at: 30, writer: "db-1" },
      { at: 50, ready: ["db-1"] },
    ],
    [{ begin: 20, end: 50 }],
  ],
  [
    "changes that two watches told out of order are put in order",
    [
      { at: 50, ready: ["db-1"] },
      { at: 20, writer: undefined },
      { at: 30, writer: "db-1" },
    ],
    [{ begin: 20, end: 50 }],
  ],
  ["an outage that has not ended lasts until now", [{ at: 60, ready: [] }], [{ begin: 60, end: 100 }]],
])("%s", (_title, changes, outages) => {
  expect(outagesOf(START, changes, 100)).toEqual(outages);
});

test.each<[string, readonly Outage[], number]>([
  ["an outage between two writes costs none", [{ begin: 41, end: 59 }], 0],
  ["a write at its begin falls into it, one at its end does not", [{ begin: 40, end: 60 }], 1],
  [
    "each outage counts",
    [
      { begin: 35, end: 85 },
      { begin: 95, end: 125 },
    ],
    5,
  ],
])("%s", (_title, outages, lost) => {
  expect(writesInto(outages, 20)).toBe(lost);
});

test("a slice leads to its endpoints that are Ready or do not say, and an empty one, which has null, to nobody", () => {
  const endpoints = [
    { conditions: { ready: false }, targetRef: { name: "db-0" } },
    { conditions: { ready: true }, targetRef: { name: "db-1" } },
    { targetRef: { name: "db-2" } },
  ];
  expect([readyOf({ endpoints }), readyOf({ endpoints: null })]).toEqual([["db-1", "db-2"], []]);
});
