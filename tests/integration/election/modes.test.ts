/**
 * Goal: the ways in which users hold the function back, narrow it, or tell it what to prefer: each does what it says, and
 * says so.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import {
  disagreement,
  waitForGroup,
  waitForWriter,
  writersOf,
  type GroupState,
  type LockName,
} from "../../../infra/lab/group.ts";
import {
  annotate,
  conditionMessage,
  createGroup,
  eventRecorded,
  list,
  lockIn,
  lockPath,
  locksPath,
  patch,
  podPath,
  podsPath,
} from "../support/objects.ts";
import { startSink, type Sink } from "../support/sink.ts";
import { EVENT_BOUND_MS, startStage, tickBoundMs, type Stage } from "../support/stage.ts";

const SCOPE = ["paused", "short", "priority", "events"];
const schemas = join(import.meta.dirname, "../../../events/schemas");

const conditionTypes = ({ status }: GroupState): readonly string[] => status.conditions?.map(({ type }) => type) ?? [];

const readSchema = (name: string): object => JSON.parse(readFileSync(join(schemas, name), "utf8")) as object;

/** What the schema of its type finds wrong with an event's data. */
const problemsOf = ({ type, body }: { type: string; body: unknown }): unknown => {
  const ajv = new Ajv2020({ strictTypes: false });
  ajv.addSchema(readSchema("handover.v1.json"));
  const validate = ajv.compile(readSchema(`${type.replace("dev.bellwether.", "")}.json`));
  validate(body);
  return validate.errors;
};

const inNamespace = (body: unknown, namespace: string): boolean =>
  (body as { owner: { namespace: string } }).owner.namespace === namespace;

describe("held back, narrowed, told what to prefer", () => {
  let stage: Stage;
  let sink: Sink;

  const settled = (lock: LockName, is?: string, deadlineMs: number = EVENT_BOUND_MS): Promise<GroupState> =>
    waitForWriter(stage.lab, lock, { is: ({ name }) => is === undefined || name === is, deadlineMs });

  const setReady = (namespace: string, name: string, ready: boolean): Promise<string> =>
    stage.lab.kubelet.setReady(namespace, name, ready);

  beforeAll(async () => {
    stage = await startStage();
    sink = await startSink();
    await createGroup(stage.lab, "outside");
    await stage.join({ BELLWETHER_NAMESPACES: SCOPE.join(","), K_SINK: sink.url });
    await stage.startSources();
  });

  afterAll(async () => {
    await stage.stop();
    sink.close();
  });

  describe("spec.paused", () => {
    const lock = lockIn("paused");

    it("keeps the writer where it is, even when it cannot lead, and says so", async () => {
      await createGroup(stage.lab, "paused", { leaseDurationSeconds: 8 });
      await settled(lock, "db-0");
      await patch(stage.lab, lockPath("paused", "db"), { spec: { paused: true } });
      await waitForGroup(stage.lab, lock, {
        until: (state) => conditionTypes(state).includes("Paused") && disagreement(state) === undefined,
        deadlineMs: EVENT_BOUND_MS,
      });
      await setReady("paused", "db-0", false);
      const state = await waitForGroup(stage.lab, lock, {
        until: ({ status }) => status.conditions?.[0]?.reason === "Paused",
        deadlineMs: EVENT_BOUND_MS,
      });
      expect(state.status.conditions?.[0]).toMatchObject({ type: "Available", status: "False" });
      expect(writersOf(state).map(({ name }) => name)).toEqual(["db-0"]);
      expect(state.status.writerPod).toBe("");
    });

    it("allows a planned switchover, and goes on renewing", async () => {
      await annotate(stage.lab, lockPath("paused", "db"), { "bellwether.dev/switchover-to": "db-2" });
      const { record } = await settled(lock, "db-2");
      const renewed = await waitForGroup(stage.lab, lock, {
        until: (state) => (state.record?.renewTime ?? 0) > (record?.renewTime ?? 0),
        deadlineMs: 4_000 + tickBoundMs(),
      });
      expect(disagreement(renewed)).toBeUndefined();
      expect(renewed.record?.epoch).toBe(record?.epoch);
    });

    it("taken back, moves the writer that cannot lead at once", async () => {
      await setReady("paused", "db-0", true);
      await setReady("paused", "db-2", false);
      await waitForGroup(stage.lab, lock, {
        until: ({ status }) => status.conditions?.[0]?.reason === "Paused",
        deadlineMs: EVENT_BOUND_MS,
      });
      await patch(stage.lab, lockPath("paused", "db"), { spec: { paused: false } });
      const state = await settled(lock, "db-0");
      expect(conditionTypes(state)).toEqual(["Available", "Progressing"]);
    });
  });

  it("a Lease that the tick cannot hold gets a condition and an Event, and its pods a writer", async () => {
    const lock = await createGroup(stage.lab, "short", { leaseDurationSeconds: 2 });
    const state = await settled(lock, "db-0");
    const message =
      "spec.leaseDurationSeconds: got 2, a tick of 2 s can hold 6 or more; the Lease expires between renewals";
    expect(conditionMessage(state, "LeaseTooShort")).toBe(message);
    await eventRecorded(stage.lab, "short", {
      matches: ({ reason, note }) => reason === "TickTooSlow" && note === message,
      deadlineMs: EVENT_BOUND_MS,
    });
  });

  it("a higher priority moves nothing at once, and decides the next election", async () => {
    const lock = await createGroup(stage.lab, "priority");
    const before = await settled(lock, "db-0");
    await annotate(stage.lab, podPath("priority", "db-2"), { "bellwether.dev/priority": "5" });
    const calls = stage.calls.length;
    await stage.called((all) =>
      all.slice(calls).some(({ path }) => path.startsWith("/api/v1/namespaces/priority/pods?")),
    );
    expect((await settled(lock, "db-0")).record?.epoch).toBe(before.record?.epoch);
    await setReady("priority", "db-0", false);
    await settled(lock, "db-2");
  });

  it("K_SINK receives who leads and who no longer does, valid against the schemas", async () => {
    const lock = await createGroup(stage.lab, "events");
    const state = await settled(lock, "db-0");
    const elected = await sink.next(
      ({ type, body }) => type === "dev.bellwether.leader.elected.v1" && inNamespace(body, "events"),
      EVENT_BOUND_MS,
    );
    expect(problemsOf(elected)).toBeNull();
    expect(elected.source).toBe("/apis/app.anukkrit.me/v1/namespaces/events/statefulsetlocks/db");
    expect(elected.body).toMatchObject({
      epoch: state.record?.epoch,
      leader: { name: "db-0" },
      reason: "FirstElection",
    });
    for (const name of ["db-1", "db-2", "db-0"]) {
      // oxlint-disable-next-line no-await-in-loop
      await setReady("events", name, false);
    }
    const lost = await sink.next(
      ({ type, body }) => type === "dev.bellwether.leader.lost.v1" && inNamespace(body, "events"),
      EVENT_BOUND_MS,
    );
    expect(problemsOf(lost)).toBeNull();
    expect(lost.body).toMatchObject({ previous: { name: "db-0" } });
  });

  it("a namespace that is not in BELLWETHER_NAMESPACES is left alone, whatever happens in it", async () => {
    await setReady("outside", "db-0", false);
    const calls = stage.calls.length;
    await stage.called((all) => all.slice(calls).some(({ path }) => path.includes("/namespaces/short/")));
    const [lock] = await list(stage.lab, locksPath("outside"));
    expect(lock?.metadata.finalizers).toBeUndefined();
    expect(lock?.status).toBeUndefined();
    const pods = await list(stage.lab, podsPath("outside"));
    expect(pods.map(({ metadata }) => metadata.labels?.[ROLES.roleLabel])).toEqual([undefined, undefined, undefined]);
    expect(stage.calls.filter(({ path }) => path.includes("/namespaces/outside/"))).toEqual([]);
  });
});
