/** Goal: from every state of the cut-over and of a fail-over, the one write that comes next. */
import { describe, expect, test } from "vitest";
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
  EPOCH,
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

const CUT_OVER: readonly Row[] = [
  ["no pod can be active", { pods: [A_DOWN] }, "rest: NobodyEligible"],
  ["no pod has an address of the family", { pods: [rawPod("a", { ips: ["fd00::1"] })] }, "rest: NobodyEligible"],
  [
    "label mode has not given the Service back",
    { service: aService({ annotations: { "bellwether.dev/original-selector": '{"app":"db"}' } }), pods: PODS },
    "rest: LabelModeFirst",
  ],
  ["a pod can be active", { pods: PODS }, "service +routed-selector"],
  [
    "our slice leads to the active pod",
    {
      service: aService({ annotations: CLAIM }),
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false, turn: VERSION })],
    },
    "service +routed-selector +routed-epoch +route-turn +routed",
  ],
  [
    "the Service was written since our slice was made for it",
    { service: aService({ annotations: CLAIM }), pods: PODS, slices: [recordOf(SINGLE, { exclusive: false })] },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "the active pod went before the selector was narrowed, and no other can be active",
    {
      service: aService({ annotations: TOLD }),
      pods: [A_DOWN, B_DOWN],
      slices: [aSlice(SINGLE, [A_DOWN], { exclusive: false })],
    },
    "rest: ActiveNotReady",
  ],
  [
    "the controllers' slices still name pods",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { exclusive: false })], others: [anOther()] },
    "wait: ControllersNotEmpty",
  ],
  [
    "they are empty since before our key, of which the controller knows nothing (F1, F3)",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false })],
      others: [anOther({ endpoints: 0, ready: [], turn: undefined })],
    },
    "wait: ControllersNotEmpty",
  ],
  [
    "one of them is empty since an earlier turn (F3)",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false })],
      others: [anOther({ endpoints: 0, ready: [] }), anOther({ endpoints: 0, ready: [], turn: "1" })],
    },
    "wait: ControllersNotEmpty",
  ],
  [
    "the controller has none yet",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { exclusive: false })] },
    "wait: ControllersNotEmpty",
  ],
  [
    "it has followed, and they are empty",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false })],
      others: [anOther({ endpoints: 0, ready: [] })],
    },
    `mark v4 a @${EPOCH}`,
  ],
  [
    "somebody else keeps slices for the Service",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf(SINGLE, { exclusive: false })],
      others: [anOther({ endpoints: 0, ready: [] }), anOther({ manager: "someone", turn: undefined })],
    },
    "rest: OtherSlices",
  ],
  [
    "everything is done, whatever is not read of the controllers",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE)] },
    "rest: Routed",
  ],
];

const UNKEYED = aService({ annotations: TOLD, labels: TURNED });

const REPAIRS: readonly Row[] = [
  [
    "the selector was applied again: what the mark said is over (F3)",
    { service: UNKEYED, pods: PODS, slices: [recordOf(SINGLE)], others: [anOther()] },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "the slice has its turn",
    { service: UNKEYED, pods: PODS, slices: [recordOf(SINGLE, { turn: VERSION, exclusive: false })] },
    "service +routed-selector +routed-epoch +route-turn +routed",
  ],
  [
    "the slice has a turn that was never made",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { turn: "1", exclusive: false })] },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "the Service lost its label alone",
    { service: aService({ annotations: TOLD, selector: NARROWED }), pods: PODS, slices: [recordOf(SINGLE)] },
    "service +routed-selector +routed-epoch +route-turn +routed",
  ],
  [
    "it was replaced by one that has nothing of ours",
    { service: aService(), pods: PODS, slices: [recordOf(SINGLE)] },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "our slice was deleted and made anew",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { turn: VERSION, exclusive: false })] },
    "service +routed-selector +routed-epoch +route-turn +routed",
  ],
  [
    "the selector was edited",
    {
      service: aService({ annotations: TOLD, labels: TURNED, selector: { ...NARROWED, tier: "x" } }),
      pods: [rawPod("a", { labels: { tier: "x" } })],
      slices: [recordOf(SINGLE)],
    },
    "service +routed-selector +routed-epoch",
  ],
  [
    "the replaced controller's label is in the selector",
    {
      service: aService({ annotations: TOLD, selector: { app: "db", "qoqo.dev/pod-designation": "active" } }),
      pods: PODS,
      slices: [recordOf(SINGLE, { turn: VERSION })],
    },
    "service +routed-selector +routed-epoch +route-turn +routed -pod-designation",
  ],
  [
    "the slice lost its labels",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { labels: {} })] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "the slice lost its owner",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { owner: undefined })] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "the slice was emptied",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { endpoints: [] })] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "the slice leads to another pod than it says",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf(SINGLE, { endpoints: aSlice(SINGLE, PODS, { on: "b" }).endpoints })],
    },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "the holder's uid and name disagree",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { holder: { name: "b", uid: "uid-of-a" } })] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "the epoch cannot be read",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { epoch: undefined, tampered: true })] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "a later epoch was told than the record has",
    {
      service: aService({
        annotations: { ...TOLD, "bellwether.dev/routed-epoch": String(FLOOR + 5) },
        labels: TURNED,
        selector: NARROWED,
      }),
      pods: PODS,
      slices: [recordOf(SINGLE)],
    },
    `swap v4 a @${FLOOR + 6}`,
  ],
  [
    "the slice is a former Service's",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { owner: "uid-of-another" })] },
    "delete v4",
  ],
  [
    "that one has a later epoch than was told",
    {
      service: aService({ annotations: CLAIM, selector: NARROWED }),
      pods: PODS,
      slices: [recordOf(SINGLE, { owner: "uid-of-another" })],
    },
    "service +routed-epoch",
  ],
  [
    "it does not go",
    { service: SINGLE, pods: PODS, slices: [recordOf(SINGLE, { owner: "uid-of-another", deleting: true })] },
    "wait: SliceDeleting",
  ],
];

const FAIL_OVER: readonly Row[] = [
  [
    "the active pod is not Ready",
    { service: SINGLE, pods: [A_DOWN, B], slices: [recordOf(SINGLE)] },
    `swap v4 b @${FLOOR}`,
  ],
  [
    "it is terminating",
    { service: SINGLE, pods: [rawPod("a", { terminating: true }), B], slices: [recordOf(SINGLE)] },
    `swap v4 b @${FLOOR}`,
  ],
  ["it is gone", { service: SINGLE, pods: [B], slices: [recordOf(SINGLE)] }, `swap v4 b @${FLOOR}`],
  [
    "it was made anew under its name",
    { service: SINGLE, pods: [rawPod("a", { uid: "new" })], slices: [recordOf(SINGLE)] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "it left the selector",
    { service: SINGLE, pods: [rawPod("a", { labels: { app: "other" } }), B], slices: [recordOf(SINGLE)] },
    `swap v4 b @${FLOOR}`,
  ],
  [
    "it is not Ready and no other can be active",
    { service: SINGLE, pods: [A_DOWN, B_DOWN], slices: [recordOf(SINGLE)] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "it is gone and no other can be active",
    { service: SINGLE, pods: [B_DOWN], slices: [recordOf(SINGLE)] },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "an older or preferred pod comes",
    {
      service: SINGLE,
      pods: [A, rawPod("b", { created: "2020-01-01T00:00:00Z", annotations: { "bellwether.dev/priority": "9" } })],
      slices: [recordOf(SINGLE)],
    },
    "rest: Routed",
  ],
  [
    "the record has moved and the Service does not tell it yet",
    { service: SINGLE, pods: [A_DOWN, B], slices: [recordOf(SINGLE, { on: "b", epoch: FLOOR })] },
    "service +routed-selector +routed-epoch",
  ],
];

describe.each([
  ["the cut-over", CUT_OVER],
  ["what others change", REPAIRS],
  ["a fail-over", FAIL_OVER],
])("%s", (_title, rows) => {
  test.each(rows)("when %s", (_state, scene, step) => {
    expect(next(scene)).toBe(step);
  });
});
