/** What the exploration itself rests on: its server answers as an API server does, and its invariants see what they are named after. */
import { expect, test } from "vitest";
import { ROLES } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { getRequest, listRequest, objectOf, patchRequest, PODS } from "../../functions/kit/kube/request.ts";
import {
  aLease,
  aReader,
  aWriter,
  LEASE_UID,
  NAMESPACE,
  type LeaseOptions,
  type PodOptions,
} from "../unit/support/builders.ts";
import { createServer, faultsOf, NO_FAULTS } from "./handover/faults.ts";
import { judgeWrite, oneLeader, restProblem } from "./handover/invariants.ts";
import { createNumbering, createTexts } from "./numbering.ts";
import { scopeFrom, scopeText } from "./scopes.ts";
import { respond, type Server } from "./handover/server.ts";
import { CURRENT, OLD, outdated } from "./outdated.ts";
import { createStore } from "./store.ts";
import type { Breach } from "./system.ts";

const EMPTY = createServer({ pods: 2, faults: NO_FAULTS, clockMoves: false });

const relabel = (resourceVersion: string, uid = "db-0", value = "reader"): ReturnType<typeof patchRequest> =>
  patchRequest(
    PODS,
    { namespace: NAMESPACE, on: { name: "db-0", uid, resourceVersion } },
    { metadata: { labels: { [ROLES.roleLabel]: value } } },
  );

test("a patch is applied on the current version only, and touches the pod only when it changes something", () => {
  const done = respond(EMPTY, relabel(CURRENT));
  expect(done).toMatchObject({ response: { status: 200 }, touched: "db-0" });
  expect(respond(done.server, relabel(CURRENT)).touched).toBeUndefined();
  expect(respond(EMPTY, relabel(OLD))).toMatchObject({ server: EMPTY, response: { status: 409 } });
  expect(respond(EMPTY, relabel(CURRENT, "another")).response.status).toBe(409);
});

test("what is not there is not found; a LIST shows what its selector finds", () => {
  expect(respond(EMPTY, getRequest(PODS, NAMESPACE, "db-9")).response.status).toBe(404);
  const listed = respond(EMPTY, listRequest(PODS, { namespace: NAMESPACE, labelSelector: "app=db" })).response.body;
  expect((listed as { items: readonly KubeObject[] }).items.map(({ metadata }) => metadata.name)).toEqual([
    "db-0",
    "db-1",
  ]);
});

test("copies of an object grow old wherever they are kept, copies of others do not", () => {
  const pod = objectOf(respond(EMPTY, getRequest(PODS, NAMESPACE, "db-0")).response);
  const other = objectOf(respond(EMPTY, getRequest(PODS, NAMESPACE, "db-1")).response);
  const kept = { list: [pod, other] };
  const aged = outdated(kept, "db-0");
  expect(aged.list.map(({ metadata }) => metadata.resourceVersion)).toEqual([OLD, CURRENT]);
  expect(outdated(kept, "db-7")).toBe(kept);
});

test("each kind of fault happens as often as it may, and no more", () => {
  const counts = { ready: 1, create: 1, delete: 1, replace: 1, move: 1, lease: 1, wish: 1, rename: 1, rival: 1 };
  const faults = { ...NO_FAULTS, ...counts };
  const server = createServer({ pods: 2, faults, clockMoves: true }, (slot) => slot === 0);
  expect(faultsOf(server).map(({ text }) => text())).toEqual([
    "db-0 stops being Ready",
    "db-0 leaves the selector",
    "db-0 is deleted",
    "db-0 is replaced by db-0'2",
    "db-1 is created",
    "a switchover to db-0 is asked for",
    "the lock is edited to name other-lease",
    "an older lock takes over, with other-lease",
  ]);
  const [first] = faultsOf(server);
  expect(first?.server).toMatchObject({ left: { ready: 0 }, clock: { second: 1 } });
  expect(faultsOf(EMPTY)).toEqual([]);
});

interface Content {
  readonly pods: readonly PodOptions[];
  readonly lease?: LeaseOptions;
}

const serverOf = ({ pods, lease }: Content, past: Server["past"] = EMPTY.past): Server => ({
  ...EMPTY,
  pods: pods.map(({ name, token, ...pod }) =>
    token === undefined ? aReader({ name: name ?? "db-0", ...pod }) : aWriter({ name: name ?? "db-0", token, ...pod }),
  ),
  leases: [lease === undefined ? undefined : aLease(lease)],
  leaseBirths: lease === undefined ? 0 : 1,
  past,
});

const invariantsOf = (breaches: readonly Breach[]): readonly string[] => breaches.map(({ invariant }) => invariant);
const LEADS = { epoch: 5, token: "5" };
const past = (
  promoted: { epoch: number; uid: string } | undefined,
  ...assigned: readonly string[]
): Server["past"] => ({
  promoted: promoted === undefined ? undefined : { ...promoted, record: LEASE_UID },
  assigned,
  words: [],
});

const promote = (from: Server["past"]): readonly string[] =>
  invariantsOf(
    judgeWrite(
      ROLES,
      serverOf({ pods: [{ epoch: 5 }], lease: { epoch: 5 } }, from),
      serverOf({ pods: [LEADS], lease: { epoch: 5 } }, from),
    ).breaches,
  );

test("a promotion that follows its assignment, under a growing epoch, breaks nothing", () => {
  expect(promote(past({ epoch: 4, uid: "uid-of-db-1" }, "uid-of-db-0/5"))).toEqual([]);
  expect(promote(past(undefined, "uid-of-db-0/5"))).toEqual([]);
});

test("S3: a promotion that no record gave", () => {
  expect(promote(past(undefined, "uid-of-db-1/5"))).toEqual(["S3"]);
});

test("S4: the epoch of another's promotion again; S3 and S4: one that goes back", () => {
  expect(promote(past({ epoch: 5, uid: "uid-of-db-1" }, "uid-of-db-0/5"))).toEqual(["S4"]);
  expect(promote(past({ epoch: 6, uid: "uid-of-db-1" }, "uid-of-db-0/5"))).toEqual(["S4", "S3"]);
});

test("S4: the epoch of a Lease that stays while its holder changes", () => {
  const before = serverOf({ pods: [{ epoch: 5 }], lease: { epoch: 5 } });
  const after = serverOf({ pods: [{ epoch: 5 }], lease: { epoch: 5, holder: "db-1" } });
  expect(invariantsOf(judgeWrite(ROLES, before, after).breaches)).toEqual(["S4"]);
});

test("S1: two members lead, also where a fault brings the second one back", () => {
  const two = serverOf({ pods: [LEADS, { name: "db-1", ...LEADS }], lease: { epoch: 5 } });
  expect(invariantsOf(oneLeader(ROLES, two))).toEqual(["S1"]);
});

test("S4 between two Leases: asked while the pod of the last promotion is there, and always while the clock moves", () => {
  const stamped = { epoch: 4, record: "B" };
  const from = (uid: string, moves: boolean): readonly string[] => {
    const before = { ...serverOf({ pods: [stamped] }, past({ epoch: 5, uid }, "uid-of-db-0/4")), leaseBirths: 1 };
    const server = { ...before, clock: { second: 0, moves } };
    const after = { ...server, pods: [aWriter({ ...stamped, token: "4" })] };
    return invariantsOf(judgeWrite(ROLES, server, after).breaches);
  };
  expect(from("gone", false)).toEqual([]);
  expect(from("gone", true)).toEqual(["S4", "S3"]);
  expect(from("uid-of-db-0", false)).toEqual(["S4", "S3"]);
});

test.each<[string, Content, string | undefined]>([
  ["one leads, as the record says", { pods: [LEADS], lease: { epoch: 5 } }, undefined],
  ["nobody can lead", { pods: [{ ready: false }] }, undefined],
  ["nobody leads", { pods: [{}], lease: {} }, "at rest, and nobody leads though uid-of-db-0 could"],
  [
    "the record says another",
    { pods: [LEADS], lease: { epoch: 5, holder: "db-1" } },
    "at rest, and uid-of-db-0 leads, of whom the record does not say so",
  ],
])("a group at rest: %s", (_title, content, problem) => {
  expect(restProblem(ROLES, serverOf(content))).toBe(problem);
});

test("equal values have one number, and others another", () => {
  const numbering = createNumbering<unknown>(createTexts());
  const pod = aReader();
  const ids = [{ a: 1 }, { a: "1" }, { a: 1 }, [1], pod, aReader(), aWriter(), { pod }].map((value) =>
    numbering.idOf(value),
  );
  expect(ids).toEqual([0, 1, 0, 2, 3, 3, 4, 5]);
  expect(() => numbering.valueOf(9)).toThrow("number: got 9, accepts 0 to 5");
});

test("a store keeps each row once, however many there are", () => {
  const store = createStore(3);
  const rows = Array.from({ length: 100_000 }, (_, index) => Int32Array.of(index % 50_000, index % 7, 1));
  const added = rows.filter((row, index) => store.add(row, index - 1)).length;
  expect([added, store.size(), store.parentOf(0)]).toEqual([store.size(), new Set(rows.map(String)).size, -1]);
});

test("scopes as text, and what is wrong with others", () => {
  const scope = scopeFrom(NO_FAULTS, { size: "3x2", faults: "ready=2,lease=1" }, true);
  expect(scope).toMatchObject({ pods: 3, instances: 2, faults: { ready: 2, lease: 1, move: 0 }, clockMoves: true });
  expect(scopeText(scope)).toBe("3x2 ready=2,lease=1, moving clock");
  expect(() => scopeFrom(NO_FAULTS, { size: "9x2", faults: "" })).toThrow(
    '--scope: got "9x2", accepts PODSxINSTANCES, each 1 to 4',
  );
  expect(() => scopeFrom(NO_FAULTS, { size: "2x2", faults: "rain=1" })).toThrow('--faults: got "rain=1"');
});
