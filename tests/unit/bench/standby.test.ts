/** What a fail-over of a Service is said to have cost its clients, from where its EndpointSlices led, and when. */
import { expect, test } from "vitest";
import { reachedBy, type Reached } from "../../../bench/standby/fail-over.ts";
import type { Routing } from "../../../bench/lab/route.ts";

const START: Routing = { at: 0, ready: ["db-0"] };

test.each<[string, readonly Routing[], Reached]>([
  [
    "one write that replaces the pod leaves no moment without an endpoint",
    [{ at: 130, ready: ["db-1"] }],
    { endpointMs: 30, emptyMs: 0, mostReady: 1 },
  ],
  [
    "between the pod that was taken out and the next one there was none",
    [
      { at: 110, ready: [] },
      { at: 125, ready: [] },
      { at: 160, ready: ["db-1"] },
    ],
    { endpointMs: 60, emptyMs: 50, mostReady: 1 },
  ],
  [
    "each moment without an endpoint counts, and two pods at one time are seen",
    [
      { at: 90, ready: [] },
      { at: 110, ready: ["db-0", "db-1"] },
      { at: 120, ready: [] },
      { at: 150, ready: ["db-1"] },
    ],
    { endpointMs: 50, emptyMs: 50, mostReady: 2 },
  ],
])("%s", (_title, changes, reached) => {
  expect(reachedBy([START, ...changes], 100)).toEqual(reached);
});
