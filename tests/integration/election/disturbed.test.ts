/**
 * Goal: others write what is ours, a Lease runs out, the control plane fails: nothing changes hands for it, it is said who
 * did it, and all goes on afterwards.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
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
  leasePath,
  lockIn,
  lockPath,
  patch,
  podPath,
} from "../support/objects.ts";
import { OLD_OPERATOR } from "../support/old-operator.ts";
import { EVENT_BOUND_MS, startStage, tickBoundMs, type Stage } from "../support/stage.ts";
import { startTrace, writersSeen } from "../support/trace.ts";

const TROUBLE_MS = 5_000;
/** After trouble of the API server: a backoff of at most five seconds, and a tick. */
const TROUBLE_BOUND_MS: number = 5_000 + tickBoundMs();
const OLD_RENEWAL_MS = 300;
const HALF_LEASE_MS = 4_000;

describe("disturbed", () => {
  let stage: Stage;
  let instance: FunctionInstance;

  const settled = (lock: LockName, is?: string, deadlineMs: number = EVENT_BOUND_MS): Promise<GroupState> =>
    waitForWriter(stage.lab, lock, { is: ({ name }) => is === undefined || name === is, deadlineMs });

  const setReady = (namespace: string, name: string, ready: boolean): Promise<string> =>
    stage.lab.kubelet.setReady(namespace, name, ready);

  beforeAll(async () => {
    stage = await startStage();
    instance = await stage.join();
    await stage.startSources();
  });

  afterAll(async () => {
    await stage.stop();
  });

  describe("the replaced operator still runs", () => {
    const lock = lockIn("contested");

    it("and renews the Lease: a condition and an Event name it, nothing moves, the condition ends with it", async () => {
      await createGroup(stage.lab, "contested", { leaseDurationSeconds: 8 });
      const before = await settled(lock, "db-0");
      const renewal = setInterval(() => {
        const body = { spec: { renewTime: microTime(Date.now()) } };
        void patch(stage.lab, leasePath("contested", "db"), body, OLD_OPERATOR).catch(() => undefined);
      }, OLD_RENEWAL_MS);
      const deed = `Lease db is also renewed by "${OLD_OPERATOR}"`;
      const message = `another controller or person changes what is ours: ${deed}`;
      await waitForGroup(stage.lab, lock, {
        until: (state) => conditionMessage(state, "Contested") === message,
        deadlineMs: tickBoundMs(),
      }).finally(() => clearInterval(renewal));
      await eventRecorded(stage.lab, "contested", {
        matches: ({ reason, note, type }) => reason === "ForeignWrites" && note === message && type === "Warning",
        deadlineMs: EVENT_BOUND_MS,
      });
      const after = await waitForGroup(stage.lab, lock, {
        until: (state) => conditionMessage(state, "Contested") === undefined && disagreement(state) === undefined,
        deadlineMs: HALF_LEASE_MS + 2 * tickBoundMs(),
      });
      expect(after.record?.epoch).toBe(before.record?.epoch);
    });

    it("and makes another pod the writer: it is made a reader again, and an Event names who did it", async () => {
      const before = await settled(lock, "db-0");
      const labels = { [ROLES.roleLabel]: ROLES.leader };
      for (let turn = 0; turn < 3; turn += 1) {
        // oxlint-disable-next-line no-await-in-loop
        await patch(stage.lab, podPath("contested", "db-1"), { metadata: { labels } }, OLD_OPERATOR);
        // oxlint-disable-next-line no-await-in-loop
        await waitForGroup(stage.lab, lock, {
          until: (state) =>
            writersOf(state)
              .map(({ name }) => name)
              .join() === "db-0",
          deadlineMs: EVENT_BOUND_MS,
        });
      }
      await eventRecorded(stage.lab, "contested", {
        matches: ({ reason, note }) =>
          reason === "ForeignWrites" &&
          note.includes(`pod db-1: label sts-role was made "writer" by "${OLD_OPERATOR}"`),
        deadlineMs: EVENT_BOUND_MS,
      });
      const after = await settled(lock, "db-0", tickBoundMs());
      expect(after.record?.epoch).toBe(before.record?.epoch);
    });
  });

  it("an expired Lease does not move a healthy holder; it is renewed", async () => {
    const lock = await createGroup(stage.lab, "expired");
    const before = await settled(lock, "db-0");
    await annotate(stage.lab, lockPath("expired", "db"), { "bellwether.dev/switchover-to": "db-2" });
    const moved = await settled(lock, "db-2");
    expect(moved.record?.epoch).toBeGreaterThan(before.record?.epoch ?? 0);
    const long = Date.now() - 3_600_000;
    await patch(stage.lab, leasePath("expired", "db"), { spec: { renewTime: microTime(long) } }, "bellwether");
    const after = await waitForGroup(stage.lab, lock, {
      until: (state) => (state.record?.renewTime ?? 0) > long,
      deadlineMs: tickBoundMs(),
    });
    expect(after.record?.holder?.name).toBe("db-2");
    expect(after.record?.epoch).toBe(moved.record?.epoch);
  });

  describe("the control plane in trouble", () => {
    const lock = lockIn("trouble");

    beforeAll(async () => {
      await createGroup(stage.lab, "trouble");
    });

    /** The writer from before, those that were labelled meanwhile, and the epochs around it. */
    const during = async (
      trouble: () => Promise<unknown>,
    ): Promise<{ before: GroupState; seen: readonly string[]; after: GroupState }> => {
      const before = await settled(lock, undefined, tickBoundMs());
      const trace = await startTrace(stage.lab);
      await trouble();
      const after = await settled(lock, before.status.writerPod, TROUBLE_BOUND_MS);
      trace.stop();
      return { before, seen: writersSeen(trace, "trouble"), after };
    };

    const failsOver = async (): Promise<GroupState> => {
      const { status } = await settled(lock);
      const writer = status.writerPod ?? "";
      await setReady("trouble", writer, false);
      const moved = await waitForGroup(stage.lab, lock, {
        until: (state) => disagreement(state) === undefined && writersOf(state)[0]?.name !== writer,
        deadlineMs: TROUBLE_BOUND_MS,
      });
      await setReady("trouble", writer, true);
      return moved;
    };

    it.each([
      ["an API server that is killed and comes back", () => stage.lab.plane.restart("kube-apiserver")],
      [
        "an etcd that is frozen for five seconds",
        async () => {
          stage.lab.plane.kill("etcd", "SIGSTOP");
          await sleep(TROUBLE_MS);
          stage.lab.plane.kill("etcd", "SIGCONT");
        },
      ],
    ] as const)("%s: nothing changes hands, and all goes on", async (_what, trouble) => {
      const { before, seen, after } = await during(trouble);
      expect(seen).toEqual([before.status.writerPod]);
      expect(after.record?.epoch).toBe(before.record?.epoch);
      expect(instance.process.failure()).toBeUndefined();
      expect((await failsOver()).record?.epoch).toBeGreaterThan(before.record?.epoch ?? 0);
    });
  });
});
