/** Goal: the next write from states that no instance of ours leaves behind: edited by others, half written, or without what is usual. */
import { expect, test } from "vitest";
import { viewRouted, type OtherSlice, type SliceView } from "../../../functions/standby/route/model.ts";
import { FLOOR, NOW } from "../support/builders.ts";
import {
  A_DOWN,
  anOther,
  aService,
  aSlice,
  B,
  CLAIM,
  DUAL,
  EPOCH,
  fenced,
  NARROWED,
  next,
  PODS,
  rawPod,
  rawService,
  SINGLE,
  TOLD,
  TURNED,
  VERSION,
  written,
  type Row,
  type ServiceOptions,
} from "./route-scene.ts";

const recordOf = (rest: Partial<SliceView> = {}): SliceView => aSlice(SINGLE, PODS, rest);
const dualOf = (rest: Partial<SliceView> = {}): SliceView => aSlice(DUAL, PODS, rest);
const secondOf = (rest: Partial<SliceView> = {}): SliceView => aSlice(DUAL, PODS, { family: "IPv6", ...rest });
const nobodys = { holder: undefined, endpoints: [] } as const;
const onA = { name: "a", uid: "uid-of-a" };
const off = { "bellwether.dev/route": undefined, "qoqo.dev/service-mode": undefined };
const CLAIMED = aService({ annotations: CLAIM, labels: TURNED, selector: NARROWED });
const UNKEYED_DUAL = aService({ annotations: TOLD, families: ["IPv4", "IPv6"] });
const OPEN = aService({ annotations: { ...TOLD, ...off }, labels: TURNED });
const EMPTY: Partial<OtherSlice> = { endpoints: 0, ready: [] };

test.each<Row>([
  [
    "no epoch was ever told, and a former Service's slice has none either",
    { service: aService(), pods: PODS, slices: [recordOf({ owner: "uid-of-another", epoch: undefined })] },
    "delete v4",
  ],
  [
    "it has the lowest there can be",
    { service: aService(), pods: PODS, slices: [recordOf({ owner: "uid-of-another", epoch: 1 })] },
    "service +routed-epoch",
  ],
  [
    "both modes have something to take back",
    {
      service: aService({ annotations: { ...CLAIM, "bellwether.dev/original-selector": '{"app":"db"}' } }),
      pods: PODS,
    },
    `new create v4 nobody @${FLOOR - 1}`,
  ],
  ["the record names nobody", { service: SINGLE, pods: PODS, slices: [recordOf(nobodys)] }, `swap v4 a @${FLOOR}`],
  ["and no pod can be active", { service: SINGLE, pods: [A_DOWN], slices: [recordOf(nobodys)] }, "rest: Routed"],
  [
    "nor is the Service cut over",
    { service: aService({ annotations: TOLD }), pods: [A_DOWN], slices: [recordOf({ ...nobodys, exclusive: false })] },
    "rest: ActiveNotReady",
  ],
  [
    "the record names nobody, leads to one, and no pod can be active",
    { service: SINGLE, pods: [A_DOWN], slices: [recordOf({ holder: undefined })] },
    `swap v4 nobody @${FLOOR}`,
  ],
  [
    "the record leads to an address of no pod",
    { service: SINGLE, pods: PODS, slices: [recordOf({ endpoints: [{ addresses: ["10.9.9.9"] }] })] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "the record's epoch cannot be read, and none was told",
    { service: CLAIMED, pods: PODS, slices: [recordOf({ epoch: undefined })] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "the record's epoch is ahead of the clock, and none was told",
    { service: CLAIMED, pods: [A_DOWN, B], slices: [recordOf({ epoch: FLOOR + 7 })] },
    `swap v4 b @${FLOOR + 8}`,
  ],
  [
    "somebody put the replaced controller's label beside our key",
    {
      service: aService({
        annotations: TOLD,
        labels: TURNED,
        selector: { ...NARROWED, "qoqo.dev/pod-designation": "active" },
      }),
      pods: PODS,
      slices: [recordOf()],
    },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "neither Service nor slice has a turn",
    {
      service: aService({ annotations: TOLD, selector: NARROWED }),
      pods: PODS,
      slices: [recordOf({ turn: undefined })],
    },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "the controllers' slice names one pod, which is not Ready",
    {
      service: SINGLE,
      pods: PODS,
      slices: [recordOf({ exclusive: false })],
      others: [anOther({ endpoints: 1, ready: [] })],
    },
    "wait: ControllersNotEmpty",
  ],
])("one family: %s", (_state, scene, step) => {
  expect(next(scene)).toBe(step);
});

test.each<Row>([
  [
    "the second is nobody's and empty, but not ahead",
    { service: DUAL, pods: [A_DOWN, B], slices: [dualOf(), secondOf(fenced(EPOCH))] },
    `fence v6 nobody @${FLOOR}`,
  ],
  [
    "it is ahead and empty, but names a pod",
    { service: DUAL, pods: PODS, slices: [dualOf(), secondOf({ ...fenced(FLOOR + 3), holder: onA })] },
    `fence v6 nobody @${FLOOR + 3}`,
  ],
  [
    "it is ahead and nobody's, but leads to one",
    { service: DUAL, pods: PODS, slices: [dualOf(), secondOf({ holder: undefined, epoch: FLOOR + 3 })] },
    `fence v6 nobody @${FLOOR + 3}`,
  ],
  [
    "no epoch can be read, and it is nobody's and empty",
    {
      service: DUAL,
      pods: PODS,
      slices: [dualOf({ epoch: undefined }), secondOf({ ...nobodys, epoch: undefined })],
    },
    `fence v6 nobody @${FLOOR}`,
  ],
  [
    "the record's epoch cannot be read, and it is fenced",
    { service: DUAL, pods: PODS, slices: [dualOf({ epoch: undefined }), secondOf(fenced(FLOOR + 3))] },
    `swap v4 a @${FLOOR + 3}`,
  ],
  [
    "the record's epoch cannot be read, and it is fenced under the lowest there can be",
    { service: DUAL, pods: PODS, slices: [dualOf({ epoch: undefined }), secondOf(fenced(1))] },
    `swap v4 a @${FLOOR}`,
  ],
  [
    "only the second leads somewhere, and the Service is to be cut over",
    {
      service: UNKEYED_DUAL,
      pods: [rawPod("a", { ips: ["fd00::1"] })],
      slices: [
        aSlice(UNKEYED_DUAL, [], { turn: VERSION, exclusive: false }),
        aSlice(UNKEYED_DUAL, [rawPod("a")], { family: "IPv6", turn: VERSION }),
      ],
    },
    "service +routed-selector +routed-epoch +route-turn +routed",
  ],
  [
    "the controller has followed in one family, and has no slice in the other",
    {
      service: DUAL,
      pods: PODS,
      slices: [dualOf({ exclusive: false }), secondOf()],
      others: [anOther(EMPTY)],
    },
    "wait: ControllersNotEmpty",
  ],
  [
    "it has followed in both",
    {
      service: DUAL,
      pods: PODS,
      slices: [dualOf({ exclusive: false }), secondOf()],
      others: [anOther(EMPTY), anOther({ ...EMPTY, addressType: "IPv6" })],
    },
    `mark v4 a @${EPOCH}`,
  ],
])("two families: %s", (_state, scene, step) => {
  expect(next(scene)).toBe(step);
});

const { metadata, spec } = rawService();
const { annotations: _annotations, ...bare } = metadata;

test.each<Row>([
  [
    "the controllers lead to one pod",
    { service: OPEN, pods: PODS, slices: [recordOf()], others: [anOther({ endpoints: 1, ready: ["uid-of-b"] })] },
    "delete v4",
  ],
  [
    "a slice of ours has a name that none of ours has now",
    { service: OPEN, pods: PODS, slices: [recordOf({ name: "other" })], others: [anOther()] },
    "delete v4",
  ],
  ["the Service has no annotation at all", { service: viewRouted({ metadata: bare, spec }, NOW) }, "rest: NotRouted"],
])("the way back: %s", (_state, scene, step) => {
  expect(next(scene)).toBe(step);
});

test("a holder whose uid and name disagree is written anew, also where no pod can be active", () => {
  const slices = [recordOf({ holder: { name: "b", uid: "uid-of-a" } })];
  expect(next({ service: SINGLE, pods: [A_DOWN], slices })).toBe(`swap v4 a @${FLOOR}`);
});

const SECONDS_MAX = 5;
const STRIPPED: ServiceOptions = { annotations: TOLD, selector: NARROWED };
const CHANGED: ServiceOptions = { ...STRIPPED, labels: { "bellwether.dev/route-turn": "123" } };
const RETURNING: ServiceOptions = { annotations: { ...TOLD, ...off } };
const PUT_BACK = "service +routed-selector +routed-epoch +route-turn +routed";
const MARKED = [recordOf()];
const others = [anOther()];

test.each<Row>([
  ["is gone", { service: written(STRIPPED, SECONDS_MAX - 1), pods: PODS, slices: MARKED }, "wait: TurnContested"],
  ["is gone, and the pause is over", { service: written(STRIPPED, SECONDS_MAX), pods: PODS, slices: MARKED }, PUT_BACK],
  [
    "is gone since somebody else wrote",
    { service: written(STRIPPED, 0, "kubectl"), pods: PODS, slices: MARKED },
    PUT_BACK,
  ],
  ["is another", { service: written(CHANGED, 0), pods: PODS, slices: MARKED }, "wait: TurnContested"],
  [
    "is another, and the pause is over",
    { service: written(CHANGED, SECONDS_MAX), pods: PODS, slices: MARKED },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "is gone, and the active pod fails",
    { service: written(STRIPPED, 0), pods: [A_DOWN, B], slices: MARKED },
    `swap v4 b @${FLOOR}`,
  ],
  [
    "is gone, and the epoch is still to be told",
    { service: written({ ...STRIPPED, annotations: CLAIM }, 0), pods: PODS, slices: MARKED },
    PUT_BACK,
  ],
  [
    "is gone, and our slice was made anew",
    { service: written(STRIPPED, 0), pods: PODS, slices: [recordOf({ turn: VERSION, exclusive: false })] },
    PUT_BACK,
  ],
  [
    "is gone from the slice, too",
    { service: written(STRIPPED, 0), pods: PODS, slices: [recordOf({ turn: undefined })] },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "is gone, and the key, too",
    { service: written({ annotations: TOLD }, 0), pods: PODS, slices: MARKED },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "is gone, and label mode's key is beside ours",
    {
      service: written({ ...STRIPPED, selector: { ...NARROWED, "qoqo.dev/pod-designation": "active" } }, 0),
      pods: PODS,
      slices: MARKED,
    },
    `turn v4 a @${EPOCH}`,
  ],
  [
    "is gone on the way back",
    { service: written(RETURNING, 0), pods: PODS, slices: MARKED, others },
    "wait: TurnContested",
  ],
  [
    "is gone on the way back, and the pause is over",
    { service: written(RETURNING, SECONDS_MAX), pods: PODS, slices: MARKED, others: [anOther({ turn: undefined })] },
    "service +route-turn",
  ],
  [
    "is gone on the way back, and the active pod, too",
    { service: written(RETURNING, 0), pods: [B], slices: MARKED },
    `refresh v4 a @${EPOCH}`,
  ],
  [
    "is gone on the way back, when no slice of ours is left",
    { service: written(RETURNING, 0), pods: PODS, others },
    "service -routed-selector -routed-epoch",
  ],
  [
    "is there on the way back",
    { service: written({ ...RETURNING, labels: TURNED }, 0), pods: PODS, slices: MARKED, others },
    "delete v4",
  ],
])("the label of the turn %s", (_state, scene, step) => {
  expect(next(scene)).toBe(step);
});
