/** How the executor sends: how much at once, what it asks beside the writes, when it stops, and what it tells of its work. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { handOver, writePhase, type HandoverPorts } from "../../../functions/kit/handover/executor.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { planEnrolment, type Observed, type Target } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aLease, aPod, aReader, aWriter, LEASE_NAME, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted, type Scripted } from "../support/scripted.ts";

const PODS = [aWriter(), aReader({ name: "db-1" }), aReader({ name: "db-2" })];
const TO_DB_1: Target = { kind: "pod", uid: "uid-of-db-1" };
const AT_ONCE_MAX = 32;

const observe = (pods: readonly KubeObject[], lease?: KubeObject): Observed<Candidate> => ({
  names: ROLES,
  group: SET_UID,
  record: lease === undefined ? undefined : viewRecord(lease, NOW),
  pods: pods.map((pod) => seen(pod)),
  epochSeen: 0,
  now: NOW,
});

const strangers = (count: number): readonly KubeObject[] =>
  Array.from({ length: count }, (_, index) => aPod({ name: `db-${index}`, group: null }));

type Enrolment = ReturnType<typeof writePhase<Candidate>>;
const enrol = (ports: HandoverPorts<Candidate>, pods: readonly KubeObject[]): Enrolment => {
  const observed = observe(pods);
  return writePhase(ports, observed, { phase: "enrol", changes: planEnrolment(observed) });
};

const refuse = (world: Scripted, refused: string): void =>
  world.before((call) => (call === refused ? { status: 503, body: { kind: "Status" } } : undefined));

test("so many writes are under way at once, and no more; each pod is written once", async () => {
  const pods = strangers(2 * AT_ONCE_MAX + 1);
  const { ports, calls } = createScripted(pods);
  let [underWay, most] = [0, 0];
  const send: typeof ports.send = async (request) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const response = await ports.send(request);
    underWay -= 1;
    return response;
  };
  await enrol({ ...ports, send }, pods);
  expect(most).toBe(AT_ONCE_MAX);
  expect(calls).toHaveLength(pods.length);
});

test("a refused write: what was sent beside it is all, no further batch follows", async () => {
  const pods = strangers(AT_ONCE_MAX + 1);
  const world = createScripted(pods);
  refuse(world, "patch db-3");
  expect((await enrol(world.ports, pods)).stop).toMatchObject({ kind: "refused", doing: "enrol pod db-3" });
  expect(world.calls).toHaveLength(AT_ONCE_MAX);
});

test("a refused fence among others that are done: the attempt ends, it is not sent again", async () => {
  const world = createScripted([...PODS, aLease()]);
  refuse(world, "patch db-0");
  expect(await handOver(world.ports, observe(PODS, aLease()), TO_DB_1)).toMatchObject({ kind: "refused" });
  expect(world.calls).toEqual([`patch ${LEASE_NAME} 200`, "patch db-0 503", "patch db-2 200"]);
});

test("a pod that another instance has fenced meanwhile under the same record and epoch is no reason to stop", async () => {
  const world = createScripted([...PODS, aLease()]);
  let fenced = false;
  world.before((call) => {
    if (call !== "patch db-2" || fenced) return undefined;
    fenced = true;
    const epoch = world.get(LEASE_NAME)?.metadata.annotations?.[EPOCH_ANNOTATION];
    world.put("db-2", aReader({ name: "db-2", version: 77, epoch }));
    return undefined;
  });
  expect(await handOver(world.ports, observe(PODS, aLease()), TO_DB_1)).toMatchObject({ kind: "settled" });
  expect(fenced).toBe(true);
});

test("the owner is not asked for where the record passes from one to another, or to nobody", async () => {
  for (const target of [TO_DB_1, { kind: "nobody" } as const]) {
    const world = createScripted([...PODS, aLease()], { ownerExists: false });
    // oxlint-disable-next-line no-await-in-loop -- one world after the other
    expect(await handOver(world.ports, observe(PODS, aLease()), target)).toMatchObject({ kind: "settled" });
  }
});

test("nobody's record gets a holder only while the owner stands: whoever ended the group may have left it", async () => {
  const lease = aLease({ holder: null });
  const gone = createScripted([...PODS, lease], { ownerExists: false });
  const reason = "the owner is gone or was edited";
  expect(await handOver(gone.ports, observe(PODS, lease), TO_DB_1)).toEqual({ kind: "restart", reason });
  expect(gone.calls).toEqual([]);
  const stands = createScripted([...PODS, lease]);
  expect(await handOver(stands.ports, observe(PODS, lease), TO_DB_1)).toMatchObject({ kind: "settled" });
});

test("after a record was created the group's own namespace and label are asked for", async () => {
  const { ports } = createScripted(PODS);
  const lists: string[] = [];
  const send: typeof ports.send = (request) => {
    if (request.verb === "list") lists.push(request.path);
    return ports.send(request);
  };
  await handOver({ ...ports, send }, observe(PODS), TO_DB_1);
  const query = new URLSearchParams({ labelSelector: `bellwether.dev/election=${SET_UID}`, limit: "500" });
  expect(lists).toEqual([`/api/v1/namespaces/default/pods?${query.toString()}`]);
});

test("nothing to write: no call, no phase, the view as it was; a single change is one", async () => {
  const { ports, calls } = createScripted(strangers(1));
  const phases: string[] = [];
  const observer = { ...ports.observer, phase: (phase: string): unknown => phases.push(phase) };
  const observed = observe([]);
  const sent = await writePhase({ ...ports, observer }, observed, { phase: "fence", changes: [] });
  expect([sent, calls, phases]).toEqual([{ observed }, [], []]);
  await enrol({ ...ports, observer }, strangers(1));
  expect([calls, phases]).toEqual([["patch db-0 200"], ["enrol"]]);
});

test("what is told as written was written: no refusal, no conflict, no pod that is gone", async () => {
  const pods = strangers(3);
  const world = createScripted(pods);
  refuse(world, "patch db-0");
  world.put("db-1", undefined);
  await enrol(world.ports, pods);
  expect(world.wrote).toEqual(["enrol"]);
  const late = createScripted([...PODS, aLease({ version: 8 })]);
  await handOver(late.ports, observe(PODS, aLease()), TO_DB_1);
  expect([late.wrote, late.conflicts]).toEqual([[], ["record"]]);
});

test("each phase is told with how long it took", async () => {
  const phases: [string, number][] = [];
  let now = 1000;
  const timed = ({ ports }: Scripted): HandoverPorts<Candidate> => ({
    ...ports,
    clock: { ...ports.clock, monotonic: () => now },
    send: (request) => {
      now += 5;
      return ports.send(request);
    },
    observer: { ...ports.observer, phase: (phase, milliseconds) => phases.push([phase, milliseconds]) },
  });
  await handOver(timed(createScripted([...PODS, aLease()])), observe(PODS, aLease()), TO_DB_1);
  await enrol(timed(createScripted(strangers(3))), strangers(3));
  expect(phases).toEqual([
    ["record", 5],
    ["fence", 10],
    ["promote", 5],
    ["enrol", 15],
  ]);
});
