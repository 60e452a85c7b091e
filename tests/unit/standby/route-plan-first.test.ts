/** Goal: the first write that leads anywhere has a condition: the record is made nobody's, on a Service that says so. */
import { expect, test } from "vitest";
import type { SliceView } from "../../../functions/standby/route/model.ts";
import { FLOOR } from "../support/builders.ts";
import { aService, aSlice, CLAIM, next, PODS, SINGLE, VERSION, type Row } from "./route-scene.ts";

const MADE: Partial<SliceView> = {
  holder: undefined,
  endpoints: [],
  epoch: FLOOR - 1,
  turn: VERSION,
  exclusive: false,
};

test.each<Row>([
  [
    "the Service is claimed",
    { service: aService({ annotations: CLAIM }), pods: PODS },
    `new create v4 nobody @${FLOOR - 1}`,
  ],
  [
    "a record was lost that had a later epoch",
    { service: aService({ annotations: { ...CLAIM, "bellwether.dev/routed-epoch": String(FLOOR + 5) } }), pods: PODS },
    `new create v4 nobody @${FLOOR + 5}`,
  ],
  [
    "the record was made",
    { service: aService({ annotations: CLAIM }), pods: PODS, slices: [aSlice(SINGLE, PODS, MADE)] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "it was made after the Service was given back, which is to be routed again",
    { service: aService(), pods: PODS, slices: [aSlice(SINGLE, PODS, MADE)] },
    "service +routed-selector",
  ],
])("when %s", (_state, scene, step) => {
  expect(next(scene)).toBe(step);
});
