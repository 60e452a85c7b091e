/** What is read of a Service: what it asks for, what of its selector is its own, and which group that makes. */
import { createHash } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  groupOf,
  groupOfService,
  isExtended,
  isFormer,
  isOwner,
  selectorJson,
  viewService,
  viewStandbyPod,
} from "../../../functions/standby/model.ts";
import { aPod, NOW } from "../support/builders.ts";

type Texts = Readonly<Record<string, string>>;

const MODE = { "qoqo.dev/service-mode": "active-standby" };
const KEPT = { "bellwether.dev/original-selector": '{"app":"store"}' };
const ACTIVE = { "qoqo.dev/pod-designation": "active" };

const SELECTING = { selector: { app: "store" } };

const aService = (annotations: Texts, spec: unknown = SELECTING, more: object = {}): KubeObject => ({
  metadata: { name: "store", namespace: "data", uid: "u", resourceVersion: "1", annotations, ...more },
  spec,
});

test("the group is the first half of SHA-256 over the selector as JSON, whatever the order of its keys", () => {
  const digest = createHash("sha256").update('{"app":"store","tier":"front"}').digest("hex");
  expect(groupOf({ tier: "front", app: "store" })).toBe(digest.slice(0, 32));
  expect(groupOf({ app: "store", tier: "front" })).toBe(groupOf({ tier: "front", app: "store" }));
  expect(selectorJson({ 10: "x", 9: "y" })).toBe('{"10":"x","9":"y"}');
});

describe("the original selector", () => {
  it("is what is there without what either mode added", () => {
    const selector = { app: "store", ...ACTIVE, "bellwether.dev/routed": "x" };
    expect(viewService(aService(MODE, { selector })).original).toEqual({ app: "store" });
  });

  it("is not what the annotation says, when somebody has edited the selector since", () => {
    const service = viewService(aService({ ...MODE, ...KEPT }, { selector: { app: "shop", ...ACTIVE } }));
    expect([service.original, service.kept]).toEqual([{ app: "shop" }, { app: "store" }]);
    expect([isExtended(service), groupOfService(service)]).toEqual([false, groupOf({ app: "shop" })]);
  });

  it("is at rest when our key is there and the annotation agrees", () => {
    expect(isExtended(viewService(aService({ ...MODE, ...KEPT }, { selector: { app: "store", ...ACTIVE } })))).toBe(
      true,
    );
    expect(isExtended(viewService(aService({ ...MODE, ...KEPT })))).toBe(false);
    expect(isExtended(viewService(aService(MODE, { selector: { app: "store", ...ACTIVE } })))).toBe(false);
  });
});

describe("what a Service asks for", () => {
  const cases: readonly (readonly [string, KubeObject, string, string | undefined])[] = [
    ["nothing without the annotation", aService({}), "none", undefined],
    ["label mode with it", aService(MODE), "label", undefined],
    ["route mode with both", aService({ ...MODE, "bellwether.dev/route": "slice" }), "route", undefined],
    ["nothing by the route alone", aService({ "bellwether.dev/route": "slice" }), "none", undefined],
    [
      "nothing with another route",
      aService({ ...MODE, "bellwether.dev/route": "Slice" }),
      "none",
      'annotation bellwether.dev/route: got "Slice", accepted is "slice"',
    ],
    [
      "nothing with another value",
      aService({ "qoqo.dev/service-mode": "x".repeat(200) }),
      "none",
      `annotation qoqo.dev/service-mode: got "${"x".repeat(100)}", accepted is "active-standby"`,
    ],
    [
      "nothing without a selector",
      aService(MODE, { selector: null }),
      "none",
      "spec.selector: got nothing but what active/standby adds, accepted is at least one label of the pods",
    ],
    [
      "nothing outside the cluster",
      aService(MODE, { type: "ExternalName", selector: { app: "store" } }),
      "none",
      'spec.type: got "ExternalName", accepted is a type that leads to pods',
    ],
    ["nothing while it is deleted", aService(MODE, SELECTING, { deletionTimestamp: "x" }), "none", undefined],
  ];
  it.each(cases)("%s", (_, service, mode, problem) => {
    const view = viewService(service);
    expect(view.mode).toBe(mode);
    expect(view.problem).toBe(problem);
  });
});

test("a Service that route mode is not done with is not label mode's yet, and the other way round", () => {
  const routed = viewService(aService({ ...MODE, "bellwether.dev/routed-selector": "{}" }));
  expect([routed.mode, routed.isRouted, isOwner(routed)]).toEqual(["label", true, false]);
  const wanted = viewService(aService({ ...MODE, ...KEPT, "bellwether.dev/route": "slice" }));
  expect([isOwner(wanted), isFormer(wanted), groupOfService(wanted)]).toEqual([false, true, groupOf({ app: "store" })]);
});

test("a former owner without a readable annotation belongs to the group of its selector", () => {
  const service = viewService(aService({ "bellwether.dev/original-selector": "?" }));
  expect([isFormer(service), service.kept, groupOfService(service)]).toEqual([
    true,
    undefined,
    groupOf({ app: "store" }),
  ]);
});

const enrolled = (group: string | undefined): KubeObject =>
  aPod({ group: null, labels: group === undefined ? {} : { "bellwether.dev/standby": group } });

test("a pod is a member by its labels alone, whatever owns it; but not while it is enrolled in another group", () => {
  const team = { group: groupOf({ app: "db" }), selector: { app: "db" } };
  const membership = [undefined, team.group, "another"].map(
    (group) => viewStandbyPod(enrolled(group), team, NOW).member,
  );
  expect(membership).toEqual([true, true, false]);
  expect(viewStandbyPod(enrolled(team.group), { ...team, selector: { app: "shop" } }, NOW).member).toBe(false);
});
