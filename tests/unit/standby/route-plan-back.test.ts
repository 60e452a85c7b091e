/** Goal: from every state of a Service of two families, and of the way back, the one write that comes next. */
import { describe, expect, test } from "vitest";
import type { RoutedService, SliceView } from "../../../functions/standby/route/model.ts";
import { FLOOR } from "../support/builders.ts";
import {
  A_DOWN,
  anOther,
  aService,
  aSlice,
  B,
  DUAL,
  EPOCH,
  fenced,
  NARROWED,
  next,
  PODS,
  rawPod,
  SINGLE,
  TOLD,
  type Row,
} from "./route-scene.ts";

const recordOf = (service: RoutedService, rest: Parameters<typeof aSlice>[2] = {}): SliceView =>
  aSlice(service, PODS, rest);
const secondOf = (rest: Parameters<typeof aSlice>[2] = {}): SliceView =>
  aSlice(DUAL, PODS, { family: "IPv6", ...rest });
const both = [recordOf(DUAL), secondOf()];

const TWO_FAMILIES: readonly Row[] = [
  [
    "there is a record alone",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL, { second: undefined })] },
    `new fence v6 nobody @${EPOCH}`,
  ],
  [
    "the second is there, empty",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL, { second: undefined }), secondOf(fenced(EPOCH))] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "the record names it",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL), secondOf(fenced(EPOCH))] },
    `fill v6 a @${EPOCH}`,
  ],
  ["both name the active pod", { service: DUAL, pods: PODS, slices: both }, "rest: Routed"],
  ["the active pod is not Ready", { service: DUAL, pods: [A_DOWN, B], slices: both }, `fence v6 nobody @${FLOOR}`],
  [
    "the second is fenced",
    { service: DUAL, pods: [A_DOWN, B], slices: [recordOf(DUAL), secondOf(fenced(FLOOR))] },
    `swap v4 b @${FLOOR}`,
  ],
  [
    "it was fenced by somebody who died, and the active pod is Ready again",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL), secondOf(fenced(FLOOR))] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "it was fenced by somebody who died, and no pod can be active",
    { service: DUAL, pods: [A_DOWN], slices: [recordOf(DUAL), secondOf(fenced(FLOOR))] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "the record has moved",
    { service: DUAL, pods: [A_DOWN, B], slices: [recordOf(DUAL, { on: "b", epoch: FLOOR }), secondOf(fenced(FLOOR))] },
    `fill v6 b @${FLOOR}`,
  ],
  [
    "the second is ahead, and not empty",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL), secondOf({ epoch: FLOOR + 3 })] },
    `fence v6 nobody @${FLOOR + 3}`,
  ],
  [
    "the second's epoch cannot be read",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL), secondOf({ epoch: undefined })] },
    `fence v6 nobody @${FLOOR}`,
  ],
  ["the record was deleted", { service: DUAL, pods: PODS, slices: [secondOf()] }, "delete v6"],
  ["the second was deleted", { service: DUAL, pods: PODS, slices: [recordOf(DUAL)] }, `new fence v6 nobody @${EPOCH}`],
  ["the Service has one family again", { service: SINGLE, pods: PODS, slices: both }, "delete v6"],
  [
    "the active pod has an address of one family",
    {
      service: DUAL,
      pods: [rawPod("a", { ips: ["10.1.0.1"] })],
      slices: [recordOf(DUAL), secondOf({ ...fenced(EPOCH), holder: { name: "a", uid: "uid-of-a" } })],
    },
    "rest: Routed",
  ],
];

const off = { "bellwether.dev/route": undefined, "qoqo.dev/service-mode": undefined };
const OFF = aService({ annotations: { ...TOLD, ...off }, selector: NARROWED });
const OPEN = aService({ annotations: { ...TOLD, ...off } });

const BACK: readonly Row[] = [
  ["the mode is off", { service: OFF, pods: PODS, slices: [recordOf(SINGLE)] }, "service -routed"],
  [
    "it has another value",
    {
      service: aService({ annotations: { ...TOLD, "bellwether.dev/route": "yes" }, selector: NARROWED }),
      pods: PODS,
      slices: [recordOf(SINGLE)],
    },
    "service -routed",
  ],
  [
    "the selector is as it was",
    { service: OPEN, pods: PODS, slices: [recordOf(SINGLE)], others: [anOther({ endpoints: 0, ready: 0 })] },
    "wait: ControllersNotFilled",
  ],
  [
    "meanwhile the active pod is gone",
    { service: OPEN, pods: [B], slices: [recordOf(SINGLE)] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "the controllers have filled one family of two",
    { service: OPEN, pods: PODS, slices: both, others: [anOther()] },
    "wait: ControllersNotFilled",
  ],
  [
    "the controllers have filled both",
    { service: OPEN, pods: PODS, slices: both, others: [anOther(), anOther({ addressType: "IPv6" })] },
    "delete v6",
  ],
  ["the second is gone", { service: OPEN, pods: PODS, slices: [recordOf(DUAL)], others: [anOther()] }, "delete v4"],
  ["ours leads nowhere", { service: OPEN, pods: [], slices: [recordOf(SINGLE, { endpoints: [] })] }, "delete v4"],
  [
    "nothing of ours is left but what tells so",
    { service: OPEN, pods: PODS, others: [anOther()] },
    "service -routed-selector -routed-epoch",
  ],
  ["nothing is left", { service: aService({ annotations: off }), pods: PODS }, "rest: NotRouted"],
  [
    "the Service has no selector any more",
    { service: aService({ annotations: { ...TOLD, ...off }, selector: {} }), slices: [recordOf(SINGLE)] },
    "delete v4",
  ],
  [
    "the Service leads out of the cluster",
    { service: aService({ annotations: TOLD, spec: { type: "ExternalName" } }), slices: [recordOf(SINGLE)] },
    "delete v4",
  ],
  [
    "the Service is being deleted",
    { service: aService({ annotations: TOLD, selector: NARROWED, deleting: true }), slices: [recordOf(SINGLE)] },
    "rest: NotRouted",
  ],
];

describe.each([
  ["two families", TWO_FAMILIES],
  ["the way back", BACK],
])("%s", (_title, rows) => {
  test.each(rows)("when %s", (_state, scene, step) => {
    expect(next(scene)).toBe(step);
  });
});
