/** Goal: what is in the writes of route mode: every value that they set, or leave alone. */
import { expect, test } from "vitest";
import { contentOf, viewRoutePod, type SliceView } from "../../../functions/standby/route/model.ts";
import { plan } from "../../../functions/standby/route/plan.ts";
import type { Step } from "../../../functions/standby/route/step.ts";
import { FLOOR, NOW } from "../support/builders.ts";
import {
  A,
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
  observedIn,
  PODS,
  SINGLE,
  TOLD,
  TURN,
  TURNED,
  VERSION,
  type Scene,
} from "./route-scene.ts";

const stepOf = (scene: Scene): Step => plan(observedIn(scene));
const changeOf = (scene: Scene): unknown => {
  const step = stepOf(scene);
  return step.kind === "service" ? step.change : step;
};

const SELECTOR = "bellwether.dev/routed-selector";
const TOLD_EPOCH = "bellwether.dev/routed-epoch";
const KEY = "bellwether.dev/routed";
const ROLE = "qoqo.dev/pod-designation";
const TURN_LABEL = "bellwether.dev/route-turn";

const recordOf = (rest: Partial<SliceView> & { readonly on?: string } = {}): SliceView => aSlice(SINGLE, PODS, rest);
const begun = recordOf({ turn: VERSION, exclusive: false });
const STRAY = recordOf({ owner: "uid-of-another" });
const OFF = { "bellwether.dev/route": undefined, "qoqo.dev/service-mode": undefined };

test.each<[string, Scene, object]>([
  [
    "the claim is the selector without what either mode adds",
    { service: aService({ selector: { ...NARROWED, [ROLE]: "active" } }), pods: PODS },
    { annotations: { [SELECTOR]: '{"app":"db"}' }, labels: {}, selector: {} },
  ],
  [
    "the cut-over tells selector and epoch, and has the slice's turn",
    { service: aService({ annotations: CLAIM }), pods: PODS, slices: [begun] },
    {
      annotations: { [SELECTOR]: '{"app":"db"}', [TOLD_EPOCH]: String(EPOCH) },
      labels: { [TURN_LABEL]: VERSION },
      selector: { [KEY]: "slice" },
    },
  ],
  [
    "a label that was taken off is put back under the slice's turn, with an epoch that is still to be told",
    { service: aService({ annotations: CLAIM, selector: NARROWED }), pods: PODS, slices: [recordOf()] },
    {
      annotations: { [SELECTOR]: '{"app":"db"}', [TOLD_EPOCH]: String(EPOCH) },
      labels: { [TURN_LABEL]: TURN },
      selector: { [KEY]: "slice" },
    },
  ],
  [
    "a label that was taken off on the way back is written anew, for another turn",
    { service: aService({ annotations: { ...TOLD, ...OFF } }), pods: PODS, slices: [recordOf()] },
    { annotations: {}, labels: { [TURN_LABEL]: VERSION }, selector: {} },
  ],
  [
    "it takes the replaced controller's label out",
    {
      service: aService({ annotations: CLAIM, selector: { app: "db", [ROLE]: "active" } }),
      pods: PODS,
      slices: [begun],
    },
    {
      annotations: { [SELECTOR]: '{"app":"db"}', [TOLD_EPOCH]: String(EPOCH) },
      labels: { [TURN_LABEL]: VERSION },
      selector: { [KEY]: "slice", [ROLE]: null },
    },
  ],
  [
    "a later epoch is told without a turn",
    { service: SINGLE, pods: [A_DOWN, B], slices: [recordOf({ on: "b", epoch: FLOOR })] },
    { annotations: { [SELECTOR]: '{"app":"db"}', [TOLD_EPOCH]: String(FLOOR) }, labels: {}, selector: {} },
  ],
  [
    "the highest epoch of all slices is told before a former Service's goes",
    {
      service: SINGLE,
      pods: PODS,
      slices: [{ ...STRAY, epoch: EPOCH + 1 }, { ...STRAY, name: "other", epoch: EPOCH + 2 }, recordOf()],
    },
    { annotations: { [TOLD_EPOCH]: String(EPOCH + 2) }, labels: {}, selector: {} },
  ],
  [
    "the way back takes the key out, as a turn of its own, and tells what the selector is",
    {
      service: aService({ annotations: { ...TOLD, ...OFF }, labels: TURNED, selector: { ...NARROWED, tier: "x" } }),
      pods: PODS,
      slices: [recordOf()],
    },
    {
      annotations: { [SELECTOR]: '{"app":"db","tier":"x"}' },
      labels: { [TURN_LABEL]: VERSION },
      selector: { [KEY]: null },
    },
  ],
  [
    "what is released goes, and nothing else",
    { service: aService({ annotations: { ...TOLD, ...OFF }, labels: TURNED }), others: [anOther()] },
    { annotations: { [SELECTOR]: null, [TOLD_EPOCH]: null }, labels: { [TURN_LABEL]: null }, selector: {} },
  ],
  [
    "what is not there is not taken back",
    { service: aService({ annotations: { ...CLAIM, ...OFF } }), pods: PODS },
    { annotations: { [SELECTOR]: null }, labels: {}, selector: {} },
  ],
])("of the Service: %s", (_title, scene, change) => {
  expect(changeOf(scene)).toEqual(change);
});

const content = (service: typeof SINGLE, family: "IPv4" | "IPv6", pod?: typeof A): object =>
  contentOf(service, family, pod === undefined ? undefined : viewRoutePod(pod, service, NOW));
const V4 = { name: "db-bellwether-ipv4", family: "IPv4", second: undefined } as const;
const V6 = { name: "db-bellwether-ipv6", family: "IPv6", second: undefined, exclusive: false } as const;
const onA = { name: "a", uid: "uid-of-a" };
const onB = { name: "b", uid: "uid-of-b" };
const CLAIMED = aService({ annotations: CLAIM });
const UNKEYED = aService({ annotations: TOLD, labels: TURNED });
const WENT = aService({ annotations: { ...TOLD, ...OFF }, labels: TURNED });
const WENT_DUAL = aService({ annotations: { ...TOLD, ...OFF }, labels: TURNED, families: ["IPv4", "IPv6"] });
const dualOf = (rest: Partial<SliceView> = {}): SliceView => aSlice(DUAL, PODS, rest);
const secondOf = (rest: Partial<SliceView> = {}): SliceView => aSlice(DUAL, PODS, { family: "IPv6", ...rest });

test.each<[string, Scene, string, object]>([
  [
    "the record begins with the turn that is to be made, and is nobody's",
    { service: CLAIMED, pods: PODS },
    "create",
    {
      ...V4,
      holder: undefined,
      epoch: FLOOR - 1,
      turn: VERSION,
      exclusive: false,
      content: content(CLAIMED, "IPv4"),
    },
  ],
  [
    "a turn ends what the mark said, and changes nothing else",
    { service: UNKEYED, pods: PODS, slices: [recordOf()] },
    "turn",
    { ...V4, holder: onA, epoch: EPOCH, turn: VERSION, exclusive: false, content: content(UNKEYED, "IPv4", A) },
  ],
  [
    "the mark changes nothing else",
    { service: SINGLE, pods: PODS, slices: [recordOf({ exclusive: false })], others: [anOther({ endpoints: 0 })] },
    "mark",
    { ...V4, holder: onA, epoch: EPOCH, turn: TURN, exclusive: true, content: content(SINGLE, "IPv4", A) },
  ],
  [
    "the mark is taken back where the controllers' slices name pods again, and nothing else",
    { service: SINGLE, pods: PODS, slices: [recordOf()], others: [anOther()] },
    "mark",
    { ...V4, holder: onA, epoch: EPOCH, turn: TURN, exclusive: false, content: content(SINGLE, "IPv4", A) },
  ],
  [
    "the mark is taken back where somebody else came to keep slices",
    { service: SINGLE, pods: PODS, slices: [recordOf()], others: [anOther({ manager: "someone", turn: undefined })] },
    "mark",
    { ...V4, holder: onA, epoch: EPOCH, turn: TURN, exclusive: false, content: content(SINGLE, "IPv4", A) },
  ],
  [
    "the fail-over names the next, and the mark stays",
    { service: SINGLE, pods: [A_DOWN, B], slices: [recordOf()] },
    "swap",
    { ...V4, holder: onB, epoch: FLOOR, turn: TURN, exclusive: true, content: content(SINGLE, "IPv4", B) },
  ],
  [
    "nobody is named where nobody was, and none can be active",
    { service: SINGLE, pods: [A_DOWN], slices: [recordOf({ holder: undefined, endpoints: [], epoch: undefined })] },
    "swap",
    { ...V4, holder: undefined, epoch: FLOOR, turn: TURN, exclusive: true, content: content(SINGLE, "IPv4") },
  ],
  [
    "a new second is nobody's",
    { service: DUAL, pods: PODS, slices: [dualOf({ second: undefined })] },
    "fence",
    { ...V6, holder: undefined, epoch: EPOCH, turn: TURN, content: content(DUAL, "IPv6") },
  ],
  [
    "the fence is emptied under the next epoch",
    { service: DUAL, pods: [A_DOWN, B], slices: [dualOf(), secondOf()] },
    "fence",
    { ...V6, holder: undefined, epoch: FLOOR, turn: TURN, content: content(DUAL, "IPv6") },
  ],
  [
    "it is filled with the record's pod",
    { service: DUAL, pods: PODS, slices: [dualOf(), secondOf(fenced(EPOCH))] },
    "fill",
    { ...V6, holder: onA, epoch: EPOCH, turn: TURN, content: content(DUAL, "IPv6", A) },
  ],
  [
    "on the way back it says what is true of its pod while it still leads there, under its own labels",
    { service: WENT, pods: [A_DOWN], slices: [recordOf({ labels: { "kubernetes.io/service-name": "db" } })] },
    "refresh",
    {
      ...V4,
      holder: onA,
      epoch: EPOCH,
      turn: TURN,
      exclusive: true,
      content: { ...content(WENT, "IPv4", A_DOWN), labels: { "kubernetes.io/service-name": "db" } },
    },
  ],
  [
    "the second too",
    { service: WENT_DUAL, pods: [A_DOWN], slices: [aSlice(WENT_DUAL, [A_DOWN]), secondOf({ epoch: undefined })] },
    "refresh",
    {
      ...V6,
      holder: onA,
      epoch: 0,
      turn: TURN,
      content: { ...content(WENT_DUAL, "IPv6", A_DOWN), labels: secondOf().labels },
    },
  ],
])("of a slice: %s", (_title, scene, phase, spec) => {
  const step = stepOf(scene);
  const slice = scene.slices?.find(({ addressType }) => step.kind === "write" && addressType === step.spec.family);
  // Of the version that was read; undefined: it is created.
  expect(step).toStrictEqual({ kind: "write", phase, slice, spec: expect.anything() });
  expect(step.kind === "write" && step.spec).toEqual(spec);
});
