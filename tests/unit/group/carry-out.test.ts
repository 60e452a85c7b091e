/** One attempt for any feature: who decides, when, and what becomes of each kind of decision. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { carryOut, preview, type Decision } from "../../../functions/kit/group/carry-out.ts";
import type { Observed } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { aLease, aPod, aReader, aRecord, aWriter, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted } from "../support/scripted.ts";

const RAW = [aWriter(), aReader({ name: "db-1" })];
const observe = (pods: readonly KubeObject[] = RAW): Observed<Candidate> => ({
  names: ROLES,
  group: SET_UID,
  record: aRecord(),
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
});
const HOLD: Decision<string, string> = { verdict: "hold", target: undefined };
const NOBODY: Decision<string, string> = { verdict: "empty", target: { kind: "nobody" } };
const second: Decision<string, string> = { verdict: "move", target: { kind: "pod", uid: "uid-of-db-1" } };

test("a decision may take its time, and is asked once about the members as they are enrolled", async () => {
  const pods = [aWriter(), aPod({ name: "db-1", group: null })];
  const { ports } = createScripted([...pods, aLease()]);
  const asked: (readonly (string | undefined)[])[] = [];
  const carried = await carryOut(ports, observe(pods), async (members) => {
    asked.push(members.map(({ group }) => group));
    await Promise.resolve();
    return second;
  });
  expect(carried).toMatchObject({ kind: "settled", verdict: "move", leader: { name: "db-1" }, promoted: true });
  expect(asked).toEqual([[SET_UID, SET_UID]]);
});

test("a hand-over to nobody fences all, and no pod leads", async () => {
  const scripted = createScripted([...RAW, aLease()]);
  const carried = await carryOut(scripted.ports, observe(), () => NOBODY);
  expect(carried).toMatchObject({ kind: "settled", verdict: "empty", leader: undefined, promoted: false });
  expect(scripted.get("db-0")?.metadata.labels?.[ROLES.roleLabel]).toBe("reader");
});

test("holding moves nobody, and takes from others only what the record does not give them", async () => {
  const tampered = [aWriter(), aReader({ name: "db-1", role: "writer" })];
  const scripted = createScripted([...tampered, aLease()]);
  expect(await carryOut(scripted.ports, observe(tampered), () => HOLD)).toEqual({ kind: "held", verdict: "hold" });
  expect([scripted.get("db-0"), scripted.get("db-1")].map((pod) => pod?.metadata.labels?.[ROLES.roleLabel])).toEqual([
    "writer",
    "reader",
  ]);
  expect(scripted.calls).toEqual(["patch db-1 200"]);
});

test("whoever is faster stops the attempt, which still tells its verdict", async () => {
  const { ports } = createScripted([...RAW, aLease({ version: 99 })]);
  expect(await carryOut(ports, observe(), () => second)).toMatchObject({
    kind: "stopped",
    verdict: "move",
    stop: { kind: "restart" },
  });
});

test.each<[string, Decision<string, string>, readonly KubeObject[], string]>([
  ["a move", second, RAW, "record"],
  ["a move among new members", second, [aWriter(), aPod({ name: "db-1", group: null })], "enrol 1 pods, then record"],
  ["no move", HOLD, RAW, "nothing"],
  ["rest", { verdict: "stay", target: { kind: "pod", uid: "uid-of-db-0" } }, RAW, "settled"],
])("a preview of %s says what comes next", async (_title, decision, pods, next) => {
  expect(await preview(observe(pods), () => decision)).toEqual({ verdict: decision.verdict, next });
});
