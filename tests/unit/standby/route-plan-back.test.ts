/** Goal: from every state of a Service of two families, and of the way back, the one write that comes next. */
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { RoutedService, SliceView } from "../../../functions/standby/route/model.ts";
import { FLOOR } from "../support/builders.ts";
import {
  A,
  A_DOWN,
  anOther,
  aService,
  aSlice,
  B,
  B_DOWN,
  CLAIM,
  DUAL,
  EPOCH,
  fenced,
  NARROWED,
  next,
  PODS,
  rawPod,
  SINGLE,
  TOLD,
  TURNED,
  VERSION,
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
  [
    "the record has the next turn, and the second has not",
    { service: DUAL, pods: PODS, slices: [recordOf(DUAL, { turn: VERSION, exclusive: false }), secondOf()] },
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
const OFF = aService({ annotations: { ...TOLD, ...off }, labels: TURNED, selector: NARROWED });
const OPEN = aService({ annotations: { ...TOLD, ...off }, labels: TURNED });
const OPEN_DUAL = aService({ annotations: { ...TOLD, ...off }, labels: TURNED, families: ["IPv4", "IPv6"] });

const BACK: readonly Row[] = [
  [
    "the mode is off",
    { service: OFF, pods: PODS, slices: [recordOf(SINGLE)] },
    "service +routed-selector +route-turn -routed",
  ],
  [
    "it has another value",
    {
      service: aService({
        annotations: { ...TOLD, "bellwether.dev/route": "yes" },
        labels: TURNED,
        selector: NARROWED,
      }),
      pods: PODS,
      slices: [recordOf(SINGLE)],
    },
    "service +routed-selector +route-turn -routed",
  ],
  [
    "it is off before our key was ever there",
    {
      service: aService({ annotations: { ...CLAIM, ...off } }),
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false, turn: VERSION })],
      others: [anOther({ turn: undefined })],
    },
    "delete v4",
  ],
  [
    "somebody else took out all that is ours, which the controller has not seen (F2)",
    { service: aService({ annotations: off }), pods: PODS, slices: [recordOf(SINGLE)], others: [anOther()] },
    "wait: ControllersNotFilled",
  ],
  [
    "the controller has seen it: the Service is none of ours to write",
    {
      service: aService({ annotations: off }),
      pods: PODS,
      slices: [recordOf(SINGLE)],
      others: [anOther({ turn: undefined })],
    },
    "delete v4",
  ],
  [
    "the controllers' slices are still full from before our key (F2)",
    { service: OPEN, pods: PODS, slices: [recordOf(SINGLE)], others: [anOther({ turn: "1" })] },
    "wait: ControllersNotFilled",
  ],
  [
    "the selector is as it was",
    { service: OPEN, pods: PODS, slices: [recordOf(SINGLE)], others: [anOther({ endpoints: 0, ready: [] })] },
    "wait: ControllersNotFilled",
  ],
  [
    "meanwhile the active pod is gone",
    { service: OPEN, pods: [B], slices: [recordOf(SINGLE)] },
    `refresh v4 a @${EPOCH}`,
  ],
  ...(
    [
      ["a pod that has left the selector", rawPod("b", { labels: { app: "other" } })],
      ["a pod that is not Ready any more", rawPod("b", { ready: false })],
      ["a pod that is terminating", rawPod("b", { terminating: true })],
      ["a pod that is gone", rawPod("c")],
      ["a pod without an address of the family", rawPod("b", { ips: ["fd00::2"] })],
    ] as const satisfies readonly (readonly [string, KubeObject])[]
  ).map(([what, pod]): Row => [
    `the controllers have filled theirs with ${what}, which they have not heard`,
    {
      service: OPEN,
      pods: [A, pod],
      slices: [recordOf(SINGLE)],
      others: [anOther({ endpoints: 1, ready: ["uid-of-b"] })],
    },
    "wait: ControllersNotFilled",
  ]),
  [
    "the controllers lead to a pod that is not Ready, as the Service asks for",
    {
      service: aService({ annotations: { ...TOLD, ...off }, labels: TURNED, spec: { publishNotReadyAddresses: true } }),
      pods: [A, B_DOWN],
      slices: [recordOf(SINGLE)],
      others: [anOther({ endpoints: 1, ready: ["uid-of-b"] })],
    },
    "delete v4",
  ],
  [
    "somebody else leads where no pod is",
    {
      service: OPEN,
      pods: PODS,
      slices: [recordOf(SINGLE)],
      others: [anOther({ ready: [] }), anOther({ name: "mine", manager: "me", endpoints: 1, ready: [undefined] })],
    },
    "delete v4",
  ],
  [
    "the controllers have filled one family of two",
    {
      service: OPEN_DUAL,
      pods: PODS,
      slices: both,
      others: [anOther(), anOther({ addressType: "IPv6", endpoints: 0, ready: [] })],
    },
    "wait: ControllersNotFilled",
  ],
  [
    "the Service has lost a family meanwhile, in which nobody fills a slice",
    { service: OPEN, pods: PODS, slices: both, others: [anOther({ ready: [] })] },
    "delete v6",
  ],
  [
    "the controllers have filled both",
    { service: OPEN_DUAL, pods: PODS, slices: both, others: [anOther(), anOther({ addressType: "IPv6" })] },
    "delete v6",
  ],
  ["the second is gone", { service: OPEN, pods: PODS, slices: [recordOf(DUAL)], others: [anOther()] }, "delete v4"],
  ["ours leads nowhere", { service: OPEN, pods: [], slices: [recordOf(SINGLE, { endpoints: [] })] }, "delete v4"],
  [
    "nothing of ours is left but what tells so",
    { service: OPEN, pods: PODS, others: [anOther()] },
    "service -routed-selector -routed-epoch -route-turn",
  ],
  ["somebody has deleted our slice", { service: OFF, pods: PODS }, "service +routed-selector +route-turn -routed"],
  [
    "a slice of a former Service of this name is there: put in this one's hands, nobody would ever take it",
    {
      service: aService({ annotations: off }),
      pods: PODS,
      slices: [recordOf(SINGLE, { owner: "uid-of-another" })],
      others: [anOther({ ready: [], turn: undefined })],
    },
    "delete v4",
  ],
  [
    "the controllers have not heard of the turn, and no slice of ours is left",
    { service: OPEN, pods: PODS, others: [anOther({ turn: "1" })] },
    "wait: ControllersNotFilled",
  ],
  ["nothing is left", { service: aService({ annotations: off }), pods: PODS }, "rest: NotRouted"],
  [
    "the Service has no selector any more, so that no controller fills slices for it",
    {
      service: aService({ annotations: { ...TOLD, ...off }, labels: TURNED, selector: {} }),
      slices: [recordOf(SINGLE)],
    },
    "delete v4",
  ],
  [
    "the Service leads out of the cluster",
    {
      service: aService({ annotations: TOLD, labels: TURNED, spec: { type: "ExternalName" } }),
      slices: [recordOf(SINGLE)],
    },
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
