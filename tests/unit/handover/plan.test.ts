/** The plan, rule by rule of design section 3: enrolment, the rule for new epochs, record, fence, promotion, nobody. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import { plan, planEnrolment, type Observed, type Step, type Target } from "../../../functions/kit/handover/plan.ts";
import {
  aPod,
  aReader,
  aRecord,
  aWriter,
  EPOCH,
  FLOOR,
  LEASE_UID,
  NOW,
  seen,
  SET_UID,
  type PodOptions,
} from "../support/builders.ts";

type Settings = Partial<Pick<Observed, "epochSeen" | "names">> & { readonly record?: RecordView | undefined };

const observe = (pods: readonly ReturnType<typeof aPod>[], settings: Settings = {}): Observed => ({
  names: ROLES,
  group: SET_UID,
  record: "record" in settings ? settings.record : aRecord(),
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
  ...("names" in settings ? { names: settings.names ?? ROLES } : {}),
  ...("epochSeen" in settings ? { epochSeen: settings.epochSeen ?? 0 } : {}),
});
const to = (name: string): Target => ({ kind: "pod", uid: `uid-of-${name}` });
const NOBODY: Target = { kind: "nobody" };
const AT_REST = [aWriter(), aReader({ name: "db-1" }), aReader({ name: "db-2" })];

const changed = (step: Step): readonly string[] => {
  if (step.kind === "promote") return [step.change.pod.name];
  return step.kind === "enrol" || step.kind === "fence" ? step.changes.map(({ pod }) => pod.name) : [];
};

const STAMP = { "bellwether.dev/election.epoch": String(EPOCH), "bellwether.dev/election.record": LEASE_UID };

test("labels, stamps and record agree: settled", () => {
  expect(plan(observe(AT_REST), to("db-0"))).toEqual({ kind: "settled" });
});

const ENROLLED = { "bellwether.dev/election": SET_UID };
const READER = { ...ENROLLED, "sts-role": "reader" };
const TOKENLESS = { "bellwether.dev/election.token": null };
test.each<[string, PodOptions, Settings, { labels: object; annotations: object }]>([
  [
    "a new pod gets our label, the reader role and the present stamp",
    {},
    {},
    { labels: READER, annotations: { ...STAMP, ...TOKENLESS } },
  ],
  [
    "a new pod that claims to be the writer is a reader",
    { role: "writer", token: "9" },
    {},
    { labels: READER, annotations: { ...STAMP, ...TOKENLESS } },
  ],
  ["an unknown role becomes reader", { role: "chief" }, { record: undefined }, { labels: READER, annotations: {} }],
  [
    "without a record a writer keeps its label",
    { role: "writer" },
    { record: undefined },
    { labels: ENROLLED, annotations: {} },
  ],
  [
    "under an adopted record a writer keeps its label",
    { role: "writer" },
    { record: { ...aRecord(), epoch: undefined } },
    { labels: ENROLLED, annotations: {} },
  ],
  [
    "the record's holder keeps its label",
    { role: "writer", name: "db-0" },
    {},
    { labels: ENROLLED, annotations: STAMP },
  ],
  ["a higher stamp is left as it is", { epoch: EPOCH + 5 }, {}, { labels: READER, annotations: TOKENLESS }],
  [
    "a stamp of this epoch under another Lease is left as it is",
    { epoch: EPOCH, record: "uid-of-old" },
    {},
    { labels: READER, annotations: TOKENLESS },
  ],
  [
    "an older stamp is replaced",
    { epoch: EPOCH - 5, record: "uid-of-old" },
    {},
    { labels: READER, annotations: { ...STAMP, ...TOKENLESS } },
  ],
  [
    "an unstamped pod gets the stamp of the smallest epoch too",
    {},
    { record: aRecord({ epoch: 1 }) },
    { labels: READER, annotations: { ...STAMP, "bellwether.dev/election.epoch": "1", ...TOKENLESS } },
  ],
  [
    "a pod of another group comes over",
    { group: "uid-of-other" },
    {},
    { labels: READER, annotations: { ...STAMP, ...TOKENLESS } },
  ],
])("enrolment: %s", (_title, options, settings, { labels, annotations }) => {
  const changes = planEnrolment(observe([aPod({ name: "db-1", group: null, ...options })], settings));
  expect(changes).toEqual([{ pod: expect.objectContaining({ name: options.name ?? "db-1" }), labels, annotations }]);
});

test("enrolment comes before everything else, and only for members", () => {
  const pods = [aPod({ name: "db-1", group: null }), aWriter(), aPod({ name: "x-0", group: null, owner: "other" })];
  const step = plan(observe(pods), to("db-1"));
  expect([step.kind, changed(step)]).toEqual(["enrol", ["db-1"]]);
});

test.each<[string, readonly ReturnType<typeof aPod>[]]>([
  ["was not observed", [aWriter()]],
  ["is no member", [aWriter(), aReader({ name: "db-1", owner: "other" })]],
])("a target that %s: read again", (_title, pods) => {
  expect(plan(observe(pods), to("db-1"))).toEqual({
    kind: "restart",
    reason: "the target is not an enrolled member",
  });
});

const epochOf = (step: Step): number | undefined => (step.kind === "record" ? step.change.epoch : undefined);
test.each<[string, readonly ReturnType<typeof aPod>[], Settings, Target, number | undefined]>([
  ["the target changes", AT_REST, {}, to("db-1"), FLOOR],
  ["to nobody", AT_REST, {}, NOBODY, FLOOR],
  ["the record is missing", AT_REST, { record: undefined }, to("db-0"), FLOOR],
  [
    "the record is adopted",
    AT_REST,
    { record: { ...aRecord({ holderUid: "" }), epoch: undefined } },
    to("db-0"),
    FLOOR,
  ],
  ["the holder's uid changed under its name", AT_REST, { record: aRecord({ holderUid: "gone" }) }, to("db-0"), FLOOR],
  [
    "the holder's name was tampered with",
    AT_REST,
    { record: aRecord({ holder: "x", holderUid: "uid-of-db-0" }) },
    to("db-0"),
    FLOOR,
  ],
  [
    "a stamp exceeds the record's epoch",
    [aWriter(), aReader({ name: "db-1", epoch: EPOCH + 1 })],
    {},
    to("db-0"),
    FLOOR,
  ],
  [
    "a stamp equals it under another Lease",
    [aWriter(), aReader({ name: "db-1", record: "uid-of-old" })],
    {},
    to("db-0"),
    FLOOR,
  ],
  [
    "a stamp is ahead of the clock",
    [aWriter(), aReader({ name: "db-1", epoch: FLOOR + 7 })],
    {},
    to("db-0"),
    FLOOR + 8,
  ],
  ["the target's own stamp counts", [aWriter({ epoch: FLOOR + 7 })], {}, to("db-0"), FLOOR + 8],
  ["the status knows a larger one", AT_REST, { epochSeen: FLOOR + 20 }, to("db-1"), FLOOR + 21],
  ["but not the status alone", AT_REST, { epochSeen: FLOOR + 20 }, to("db-0"), undefined],
  [
    "not: an older stamp under another Lease",
    [aWriter(), aReader({ name: "db-1", epoch: EPOCH - 9, record: "uid-of-old" })],
    {},
    to("db-0"),
    undefined,
  ],
  ["not: fencing is unfinished", [aWriter(), aPod({ name: "db-1" })], {}, to("db-0"), undefined],
  ["not: promotion is unfinished", [aReader(), aReader({ name: "db-1" })], {}, to("db-0"), undefined],
])("new epoch: %s", (_title, ...[pods, settings, target, epoch]) => {
  expect(epochOf(plan(observe(pods, settings), target))).toBe(epoch);
});

const change = (record: RecordView | undefined, target: Target): object => {
  const step = plan(observe(AT_REST, { record }), target);
  return step.kind === "record" ? step.change : step;
};
const ADOPTED: RecordView = {
  ...aRecord({ holderUid: "" }),
  epoch: undefined,
  acquireTime: undefined,
  leaseTransitions: 0,
};

test.each<[string, RecordView | undefined, Target, object]>([
  [
    "another holder: one transition more, acquired now",
    aRecord(),
    to("db-1"),
    { leaseTransitions: 5, acquires: true, holder: { name: "db-1", uid: "uid-of-db-1" } },
  ],
  ["to nobody: one transition more", aRecord(), NOBODY, { leaseTransitions: 5, acquires: true, holder: undefined }],
  ["from nobody: one transition more", aRecord({ holder: null }), to("db-1"), { leaseTransitions: 5, acquires: true }],
  [
    "same name, other uid: another holder",
    aRecord({ holderUid: "gone" }),
    to("db-0"),
    { leaseTransitions: 5, acquires: true },
  ],
  ["created: no transition yet", undefined, to("db-0"), { leaseTransitions: 0, acquires: true, previous: undefined }],
  [
    "adopted with its holder: no transition, acquireTime added",
    ADOPTED,
    to("db-0"),
    { leaseTransitions: 0, acquires: true, previous: ADOPTED },
  ],
  ["adopted, holder replaced: a transition", ADOPTED, to("db-1"), { leaseTransitions: 1, acquires: true }],
])("record: %s", (_title, record, target, expected) => {
  expect(change(record, target)).toMatchObject(expected);
});

test("record: under its holder a new epoch is no transition, and acquires nothing", () => {
  const step = plan(observe([aWriter(), aReader({ name: "db-1", epoch: EPOCH + 1 })]), to("db-0"));
  expect(step).toMatchObject({ kind: "record", change: { epoch: FLOOR, leaseTransitions: 4, acquires: false } });
});

test("record: on a clock before 2020 a first epoch is 1", () => {
  const step = plan({ ...observe([aPod()], { record: undefined }), now: 0 }, to("db-0"));
  expect(step).toMatchObject({ kind: "record", change: { epoch: 1 } });
});

const fenced = (pods: readonly ReturnType<typeof aPod>[], target: Target = to("db-0")): readonly string[] => {
  const step = plan(observe(pods, target.kind === "nobody" ? { record: aRecord({ holder: null }) } : {}), target);
  expect(["fence", "promote", "settled"]).toContain(step.kind);
  return step.kind === "fence" ? changed(step) : [];
};
test.each<[string, readonly ReturnType<typeof aPod>[], readonly string[]]>([
  ["a second writer", [aWriter(), aWriter({ name: "db-1" })], ["db-1"]],
  ["a pod without stamp, though a reader", [aWriter(), aPod({ name: "db-1", role: "reader" })], ["db-1"]],
  ["a pod without role label", [aWriter(), aPod({ name: "db-1", epoch: EPOCH })], ["db-1"]],
  ["a reader with a token", [aWriter(), aReader({ name: "db-1", token: "5" })], ["db-1"]],
  ["a pod that is not Ready", [aWriter(), aWriter({ name: "db-1", ready: false })], ["db-1"]],
  ["a pod that terminates", [aWriter(), aWriter({ name: "db-1", terminating: true })], ["db-1"]],
  ["a pod that left the selector", [aWriter(), aWriter({ name: "db-1", owner: "other" })], ["db-1"]],
  ["all of them at once", [aReader(), aWriter({ name: "db-1" }), aPod({ name: "db-2" })], ["db-1", "db-2"]],
  ["not what is fenced already", [aWriter(), aReader({ name: "db-1" })], []],
  ["not a pod of another group", [aWriter(), aWriter({ name: "x-1", owner: "other", group: "other" })], []],
])("fence: %s", (_title, pods, names) => {
  expect(fenced(pods)).toEqual(names);
});

test("nobody: every enrolled pod is fenced, the old writer too", () => {
  expect(fenced([aWriter(), aReader({ name: "db-1" })], NOBODY)).toEqual(["db-0"]);
  expect(
    plan(observe([aReader(), aReader({ name: "db-1" })], { record: aRecord({ holder: null }) }), NOBODY).kind,
  ).toBe("settled");
});

test("nobody without a record: none is created", () => {
  expect(plan(observe([aPod()], { record: undefined }), NOBODY)).toEqual({ kind: "settled" });
});

test("fencing takes role and token and sets the stamp", () => {
  expect(plan(observe([aReader(), aWriter({ name: "db-1" })]), to("db-0"))).toMatchObject({
    kind: "fence",
    epoch: EPOCH,
    changes: [{ labels: { "sts-role": "reader" }, annotations: { ...STAMP, "bellwether.dev/election.token": null } }],
  });
});

test("fencing takes the label off where followers carry none", () => {
  const names = { ...ROLES, follower: null };
  const step = plan(observe([aReader({ role: undefined }), aWriter({ name: "db-1" })], { names }), to("db-0"));
  expect(step).toMatchObject({ kind: "fence", changes: [{ labels: { "sts-role": null } }] });
});

test.each<[string, PodOptions]>([
  ["has the reader role", { role: "reader" }],
  ["has no role", { role: undefined }],
  ["lost its token", { token: undefined }],
  ["has the token of another epoch", { token: "5" }],
  ["has the stamp of an older epoch", { epoch: EPOCH - 1 }],
])("a target that %s is promoted: role, stamp and token in one patch", (_title, options) => {
  expect(plan(observe([aWriter(options), aReader({ name: "db-1" })]), to("db-0"))).toMatchObject({
    kind: "promote",
    epoch: EPOCH,
    change: {
      labels: { "sts-role": "writer" },
      annotations: { ...STAMP, "bellwether.dev/election.token": String(EPOCH) },
    },
  });
});
