/**
 * Goal: who switches from the replaced operator installs this function and nothing else happens: the writer stays the
 * writer at every revision, and everything that the other one left is completed, not made anew.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FINALIZER } from "../../../functions/election/labels.ts";
import type { LeaseSpec } from "../../../functions/kit/handover/model.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { waitForGroup, waitForWriter } from "../../../infra/lab/group.ts";
import { get, leasePath, leasesPath, lockIn, podsPath, remove, versions } from "../support/objects.ts";
import { createLease, createOldState, OLD_OPERATOR } from "../support/old-operator.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS, startStage, tickBoundMs, type Stage } from "../support/stage.ts";
import { neverLost, startTrace, writersSeen, type Trace } from "../support/trace.ts";

const CURRENT = { renewedAgoSeconds: 5 };
const LONG_EXPIRED = { renewedAgoSeconds: 3600 };
const STATES = [
  { namespace: "lowest", writer: "db-0", holder: "db-0", ...CURRENT },
  { namespace: "not-lowest", writer: "db-2", holder: "db-2", ...CURRENT },
  { namespace: "expired", writer: "db-1", holder: "db-1", ...LONG_EXPIRED },
  { namespace: "empty-holder", writer: "db-1", holder: "", ...CURRENT },
  { namespace: "no-lease", writer: "db-1", holder: undefined, ...CURRENT },
] as const;

describe("what the replaced operator left", () => {
  let stage: Stage;
  let trace: Trace;
  const leaseUids = new Map<string, string>();
  let foreignBefore: readonly string[] = [];

  const foreignVersions = (): Promise<readonly string[]> =>
    versions(stage.lab, podsPath("foreign"), leasesPath("foreign"));

  beforeAll(async () => {
    stage = await startStage();
    const { lab } = stage;
    await Promise.all(STATES.map((state) => createOldState(lab, state)));
    await createOldState(lab, { namespace: "not-ready", writer: "db-0", holder: "db-0", ...CURRENT });
    await lab.kubelet.setReady("not-ready", "db-0", false);
    await createOldState(lab, { namespace: "nobody", writer: undefined, holder: "", ...CURRENT });
    await createOldState(lab, { namespace: "foreign", writer: "db-1", holder: undefined, ...CURRENT });
    const now = microTime(Date.now());
    const spec = { holderIdentity: "backup-job", leaseDurationSeconds: 15, acquireTime: now, renewTime: now };
    await createLease(lab, { namespace: "foreign", name: "db", spec, manager: "backup-job" });
    for (const { namespace, holder } of STATES) {
      if (holder === undefined) continue;
      // oxlint-disable-next-line no-await-in-loop
      leaseUids.set(namespace, (await get(lab, leasePath(namespace, "db"))).metadata.uid);
    }
    foreignBefore = await foreignVersions();
    trace = await startTrace(lab);
    await stage.join();
    await stage.startSources();
  });

  afterAll(async () => {
    trace.stop();
    await stage.stop();
  });

  it.each(STATES)(
    "$namespace: the writer $writer stays the writer at every revision",
    async ({ namespace, writer }) => {
      await waitForWriter(stage.lab, lockIn(namespace), {
        is: ({ name }) => name === writer,
        deadlineMs: SCALE_BOUND_MS,
      });
      expect(writersSeen(trace, namespace)).toEqual([writer]);
      expect(neverLost(trace, namespace, writer)).toBe(true);
    },
  );

  it.each(STATES)("$namespace: its Lease is completed, under a first epoch", async ({ namespace, writer, holder }) => {
    const state = await waitForWriter(stage.lab, lockIn(namespace), { deadlineMs: SCALE_BOUND_MS });
    const lease = await get(stage.lab, leasePath(namespace, "db"));
    const spec = lease.spec as LeaseSpec;
    expect(lease.metadata.uid).toBe(leaseUids.get(namespace) ?? lease.metadata.uid);
    expect(lease.metadata.labels).toMatchObject({
      "app.kubernetes.io/managed-by": "bellwether",
      "bellwether.dev/feature": "election",
    });
    expect(lease.metadata.annotations?.["bellwether.dev/owner"]).toBe(`${namespace}/db/${state.lock?.metadata.uid}`);
    expect(spec.holderIdentity).toBe(writer);
    // Only where the Lease named nobody does the writer acquire it from somebody else.
    expect(spec.leaseTransitions).toBe(holder === "" ? 1 : 0);
    expect(spec.acquireTime).toBeDefined();
    expect(Date.now() - Date.parse(spec.renewTime ?? "")).toBeLessThan(30_000);
    expect(state.lock?.metadata.finalizers).toEqual([FINALIZER]);
    expect(state.record?.epoch).toBeGreaterThan(200_000_000);
  });

  it("a holder that is not Ready is replaced", async () => {
    const state = await waitForWriter(stage.lab, lockIn("not-ready"), { deadlineMs: SCALE_BOUND_MS });
    expect(state.status.writerPod).toBe("db-1");
    expect(state.record?.leaseTransitions).toBe(1);
  });

  it("where nobody was labelled and the Lease names nobody, the lowest ordinal is elected", async () => {
    const state = await waitForWriter(stage.lab, lockIn("nobody"), { deadlineMs: SCALE_BOUND_MS });
    expect(state.status.writerPod).toBe("db-0");
  });

  it("nothing says that the operator which wrote this once would still be running", async () => {
    const state = await waitForWriter(stage.lab, lockIn("lowest"), { deadlineMs: SCALE_BOUND_MS });
    expect(JSON.stringify(state.status.conditions)).not.toContain(OLD_OPERATOR);
    expect(state.status.conditions?.map(({ type }) => type)).toEqual(["Available", "Progressing"]);
  });

  it("a Lease that somebody else acquired gets a condition, and nothing of the group is written", async () => {
    const state = await waitForGroup(stage.lab, lockIn("foreign"), {
      until: ({ status }) => status.conditions?.[0]?.reason === "LeaseForeign",
      deadlineMs: SCALE_BOUND_MS,
    });
    expect(state.status.conditions?.[0]).toMatchObject({
      type: "Available",
      status: "False",
      message: 'Lease db is held by "backup-job" and not ours; choose another spec.leaseName or delete it',
    });
    const before = stage.calls.length;
    await stage.called((calls) => calls.slice(before).some(({ path }) => path.startsWith(leasePath("foreign", "db"))));
    expect(await foreignVersions()).toEqual(foreignBefore);
  });

  it("once that Lease is deleted, the lock goes on, with the writer that it had", async () => {
    await remove(stage.lab, leasePath("foreign", "db"));
    const deadlineMs = tickBoundMs();
    await waitForWriter(stage.lab, lockIn("foreign"), { is: ({ name }) => name === "db-1", deadlineMs });
    expect(neverLost(trace, "foreign", "db-1")).toBe(true);
  });

  it("from then on a writer that was adopted fails over as any other", async () => {
    await stage.lab.kubelet.setReady("not-lowest", "db-2", false);
    const state = await waitForWriter(stage.lab, lockIn("not-lowest"), {
      is: ({ name }) => name === "db-0",
      deadlineMs: EVENT_BOUND_MS,
    });
    expect(state.record?.leaseTransitions).toBe(1);
  });
});
