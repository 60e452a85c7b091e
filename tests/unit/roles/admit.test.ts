/** May a checker be served, and on which record: each refusal and its words, in the order in which they count. */
import { expect, test } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { RecordReading } from "../../../functions/kit/handover/record.ts";
import {
  admit,
  outOfReach,
  servedBefore,
  type Admission,
  type AdmissionInput,
} from "../../../functions/roles/admit.ts";
import { FINALIZER } from "../../../functions/roles/labels.ts";
import { viewChecker, type CheckerView } from "../../../functions/roles/model.ts";
import { aRecordOf, aSetOf, GROUP } from "./scene.ts";

const NOW = Date.UTC(2026, 0, 1);
const SET = aSetOf(3);
const RECORD = aRecordOf("db-0");

type Spec = Readonly<Record<string, unknown>>;

/** Made in the given year. */
const aChecker = (
  name: string,
  year: number,
  spec: Spec = {},
  over: Partial<KubeObject["metadata"]> = {},
): CheckerView =>
  viewChecker(
    {
      metadata: {
        name,
        namespace: "data",
        uid: `uid-of-${name}`,
        resourceVersion: "1",
        creationTimestamp: `${year}-01-01T00:00:00Z`,
        ...over,
      },
      spec: { statefulSetName: "db", namespace: "data", rpcPort: 8000, localDev: false, ...spec },
    },
    NOW,
  );

const OWN = aChecker("own", 2026);
const DELETED = { deletionTimestamp: "2026-01-01T00:00:00Z" };

const ask = (input: Partial<AdmissionInput> = {}): Admission => {
  const checker = input.checker ?? OWN;
  const reach = { served: [], open: [] };
  return admit({ checkers: [checker], set: SET, reading: { kind: "none" }, reach, ...input, checker });
};

const OURS = { kind: "ours", record: RECORD, group: GROUP, owner: undefined } as const;

test.each<[string, RecordReading, Admission]>([
  ["none yet", { kind: "none" }, { kind: "serve", set: SET, record: undefined, adopts: false }],
  ["its own", OURS, { kind: "serve", set: SET, record: RECORD, adopts: false }],
  [
    "one without our labels",
    { kind: "adoptable", record: RECORD },
    { kind: "serve", set: SET, record: RECORD, adopts: true },
  ],
  ["one of the set that it named before", { ...OURS, group: "former" }, { kind: "end-previous", group: "former" }],
  [
    "somebody else's",
    { kind: "foreign", record: RECORD },
    {
      kind: "refuse",
      reason: "LeaseForeign",
      message: "Lease bellwether-roles-uid is not ours any more; delete it",
    },
  ],
])("by its record: %s", (_title, reading, expected) => {
  expect(ask({ reading })).toStrictEqual(expected);
});

const OLDER = aChecker("older", 2025);

test.each<[string, Partial<AdmissionInput>, string, string]>([
  [
    "two things are wrong with the spec",
    { checker: aChecker("own", 2026, { rpcPort: 0, localDev: "yes" }), checkers: [OLDER] },
    "ValidationError",
    "; spec.localDev: got ",
  ],
  [
    "one thing is wrong with the spec",
    { checker: aChecker("own", 2026, { rpcPort: 0 }) },
    "ValidationError",
    "spec.rpcPort: got 0",
  ],
  [
    "it must not reach the set",
    { checker: aChecker("own", 2026, { namespace: "web" }), set: undefined },
    "NamespaceNotAllowed",
    'spec.namespace: got "web"',
  ],
  [
    "an older checker is served on the set, which does not exist",
    { checkers: [OWN, OLDER], set: undefined },
    "StatefulSetShared",
    "StatefulSet db is served by the older LeaderStatusChecker data/older",
  ],
  ["no set", { set: undefined }, "StatefulSetNotFound", "StatefulSet db in namespace data does not exist"],
  [
    "a set on its way out",
    { set: { ...SET, deleting: true } },
    "StatefulSetNotFound",
    "StatefulSet db in namespace data is being deleted; nothing is moved",
  ],
  [
    "a set that is gone, and the record of a former one",
    { set: undefined, reading: { ...OURS, group: "former" } },
    "StatefulSetNotFound",
    "does not exist",
  ],
  [
    "pods that have no DNS names are to be asked by them",
    { checker: aChecker("own", 2026, { addressing: "DNS" }), set: { ...SET, serviceName: "" } },
    "ValidationError",
    'spec.addressing: got "DNS", accepted is PodIP, because StatefulSet db has no spec.serviceName',
  ],
])("refused: %s", (_title, input, reason, message) => {
  const admission = ask(input);
  expect(admission).toMatchObject({ kind: "refuse", reason });
  expect(admission.kind === "refuse" && admission.message).toContain(message);
});

test("pods that have DNS names can be asked by them", () => {
  expect(ask({ checker: aChecker("own", 2026, { addressing: "DNS" }) }).kind).toBe("serve");
});

test("a Lease that is not ours is refused as such, also where pods have no DNS names", () => {
  const nameless = { checker: aChecker("own", 2026, { addressing: "DNS" }), set: { ...SET, serviceName: "" } };
  expect(ask({ ...nameless, reading: { kind: "foreign", record: RECORD } })).toMatchObject({ reason: "LeaseForeign" });
});

test("a checker that is being deleted is ended, whatever else is wrong", () => {
  const checker = aChecker("own", 2026, { rpcPort: 0, namespace: "web" }, { ...DELETED, finalizers: [FINALIZER] });
  expect(ask({ checker, set: undefined })).toEqual({ kind: "end" });
});

test.each<[string, readonly CheckerView[], string | undefined]>([
  ["nobody else", [], undefined],
  ["an older one on the same set", [OLDER], "older"],
  ["a younger one", [aChecker("younger", 2027)], undefined],
  ["the oldest of two", [OLDER, aChecker("oldest", 2020)], "oldest"],
  ["an older one on another set", [aChecker("older", 2025, { statefulSetName: "web" })], undefined],
  [
    "the older one on this set, not the oldest on another",
    [aChecker("oldest", 2020, { statefulSetName: "web" }), OLDER],
    "older",
  ],
  ["an invalid one", [aChecker("older", 2025, { rpcPort: 0 })], undefined],
  ["one that has ended", [aChecker("older", 2025, {}, DELETED)], undefined],
  ["one that is ending still", [aChecker("older", 2025, {}, { ...DELETED, finalizers: [FINALIZER] })], "older"],
])("who is served before: %s", (_title, others, name) => {
  const listed = [OWN, ...others];
  for (const checkers of [listed, listed.toReversed()]) {
    expect(servedBefore({ checker: OWN, checkers, reach: { served: [], open: [] } })?.name).toBe(name);
  }
});

test("sets of one name in two namespaces are two sets", () => {
  const elsewhere = aChecker("older", 2025, { namespace: "web" }, { namespace: "web" });
  expect(servedBefore({ checker: OWN, checkers: [OWN, elsewhere], reach: { served: [], open: [] } })).toBeUndefined();
});

test("the checker's own namespace is always within reach, another one only where it is open and served", () => {
  const away = aChecker("own", 2026, { namespace: "web" });
  const why = (served: readonly string[], open: readonly string[]): string | undefined =>
    outOfReach(away, { served, open });
  expect(outOfReach(OWN, { served: ["web"], open: ["web"] })).toBeUndefined();
  expect(why([], [])).toContain('got "web", accepted is the checker\'s own namespace');
  expect(why(["web"], ["data"])).toContain("BELLWETHER_ROLES_NAMESPACES");
  expect(why(["data"], ["web"])).toContain("BELLWETHER_NAMESPACES");
  expect([why([], ["web"]), why(["web"], ["web"])]).toEqual([undefined, undefined]);
});
