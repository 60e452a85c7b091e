/**
 * Goal: any number of instances may work for one group at the same time, and some of them may be frozen in the middle and
 * wake up with their old view: their writes are refused, and there are never two writers (F8, F16 of our own instances).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isWrite, startApiGate, type ApiGate, type ArrivedRequest } from "../../../infra/lab/api-gate.ts";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { disagreement, waitForGroup, type GroupState } from "../../../infra/lab/group.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { epochsBetween, failsOverTimes, settles } from "../support/hand-overs.ts";
import { annotate, createGroup, gone, leasePath, lockIn, lockPath, podPath, remove } from "../support/objects.ts";
import { createLock } from "../support/fixture.ts";
import { conflictsIn } from "../support/own-writes.ts";
import { onLease, onPod, promotes } from "../support/requests.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";
import { SCALE_BOUND_MS } from "../support/stage.ts";

const CROWD = 8;
const FAIL_OVERS = 5;
/** After the hand-over that the frozen instance had begun, and others finish. */
const FURTHER_FAIL_OVERS = 2;
const FROZEN_MS = 20_000;
const OK = 200;
const CONFLICT = 409;
const CROWD_BOUND_MS: number = TICK_BOUND_MS + SCALE_BOUND_MS;
const FREEZE_TEST_MS = 180_000;
/** With these an instance that wakes up goes on where it was, as if no time had passed. */
const PATIENT = { BELLWETHER_REQUEST_DEADLINE_MS: "60000", BELLWETHER_GROUP_DEADLINE_MS: "600000" };

/** Where in a hand-over an instance freezes: at the first write that matches. */
interface Moment {
  readonly namespace: string;
  readonly at: (request: ArrivedRequest) => boolean;
  /** Late: the write itself is on its way for as long, too. Otherwise its answer is what the instance wakes up with. */
  readonly isLate: boolean;
  readonly env: Readonly<Record<string, string>>;
}

const MOMENTS: readonly Moment[] = [
  { namespace: "before-record", at: onLease, isLate: true, env: PATIENT },
  { namespace: "after-record", at: onLease, isLate: false, env: PATIENT },
  { namespace: "after-a-fence", at: onPod, isLate: false, env: PATIENT },
  { namespace: "before-promotion", at: promotes, isLate: true, env: PATIENT },
  { namespace: "with-deadlines", at: onLease, isLate: false, env: {} },
];

const urls = (instances: readonly FunctionInstance[]): readonly string[] => instances.map(({ url }) => url);

interface Freeze {
  /** Resolves once the instance is there, and frozen. */
  readonly frozen: Promise<void>;
  /** Of the write that it froze at: what the API server answered, if it was late after the thaw. */
  readonly answered: Promise<number>;
}

/** The next time that the instance gets there; what is late reaches the API server once `thawed` is resolved. */
const freezeAt = (
  { namespace, at, isLate }: Moment,
  { gate, victim, thawed }: { gate: ApiGate; victim: FunctionInstance; thawed: Promise<unknown> },
): Freeze => {
  const { promise: frozen, resolve: onFrozen } = Promise.withResolvers<void>();
  const { promise: answered, resolve: onAnswer } = Promise.withResolvers<number>();
  let isFrozen = false;
  gate.handle(async (request, forward) => {
    const isMoment = !isFrozen && isWrite(request) && request.path.includes(`/${namespace}/`) && at(request);
    if (!isMoment) return forward();
    isFrozen = true;
    if (isLate) {
      victim.process.kill("SIGSTOP");
      onFrozen();
      await thawed;
    }
    const answer = await forward();
    onAnswer(answer.status);
    if (!isLate) victim.process.kill("SIGSTOP");
    onFrozen();
    return answer;
  });
  return { frozen, answered };
};

describe("instances beside each other", () => {
  let scene: Scene;
  let crowd: readonly FunctionInstance[] = [];

  const settled = (namespace: string, is?: (writer: string) => boolean): Promise<GroupState> =>
    settles(scene.lab, namespace, { ...(is === undefined ? {} : { is }), deadlineMs: CROWD_BOUND_MS });

  const failOver = (namespace: string, times: number): Promise<number> =>
    failsOverTimes(scene, namespace, { times, deadlineMs: CROWD_BOUND_MS });

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    crowd = await Promise.all(Array.from({ length: CROWD }, () => scene.instance()));
    await scene.startSource();
    await createBystanders(scene.lab);
  });

  afterAll(async () => {
    await scene.stop();
  });

  describe(`${CROWD} of them, each told of everything at the same moment`, () => {
    const namespace = "crowded";

    beforeAll(() => {
      scene.balancer.broadcast(urls(crowd));
    });

    it("elect one writer", async () => {
      await createGroup(scene.lab, namespace);
      await settled(namespace, (name) => name === "db-0");
    });

    it(`fail over ${FAIL_OVERS} times, one epoch each`, async () => {
      expect(await failOver(namespace, FAIL_OVERS)).toBe(FAIL_OVERS);
    });

    it("switch over to the pod that was named, with one epoch", async () => {
      const from = await settled(namespace);
      const wanted = from.status.writerPod === "db-2" ? "db-1" : "db-2";
      await annotate(scene.lab, lockPath(namespace, "db"), { "bellwether.dev/switchover-to": wanted });
      const to = await settled(namespace, (name) => name === wanted);
      expect(await epochsBetween(scene, namespace, { from, to })).toBe(1);
    });

    it("replace a writer that is deleted by force, and a Lease that is deleted by hand", async () => {
      const { status } = await settled(namespace);
      await remove(scene.lab, podPath(namespace, status.writerPod ?? ""), { gracePeriodSeconds: 0 });
      const { record } = await settled(namespace);
      await remove(scene.lab, leasePath(namespace, "db"));
      await waitForGroup(scene.lab, lockIn(namespace), {
        until: (state) => disagreement(state) === undefined && state.record?.uid !== record?.uid,
        deadlineMs: TICK_BOUND_MS,
      });
    });

    it("end the group when its lock is deleted, and begin it again", async () => {
      await remove(scene.lab, lockPath(namespace, "db"));
      await gone(scene.lab, lockPath(namespace, "db"), SCALE_BOUND_MS);
      await createLock(scene.lab, { ...lockIn(namespace), statefulSetName: "db" });
      await settled(namespace);
    });

    it("have really met: writes of theirs were refused because another one had been faster", () => {
      const conflicts = conflictsIn(
        scene.auditLogFiles.flatMap((file) => readAuditLog(file)),
        namespace,
      );
      process.stdout.write(`${CROWD} instances on one group: ${conflicts} writes answered 409\n`);
      expect(conflicts).toBeGreaterThan(0);
    });
  });

  describe(`frozen for ${FROZEN_MS / 1000} s in the middle of a hand-over, while others hand over ${1 + FURTHER_FAIL_OVERS} times`, () => {
    let gates: readonly ApiGate[] = [];

    afterAll(() => {
      for (const gate of gates) gate.close();
    });

    it("they wake up, change nothing that they should not, and all goes on", { timeout: FREEZE_TEST_MS }, async () => {
      scene.balancer.target(urls(crowd));
      await Promise.all(MOMENTS.map(({ namespace }) => createGroup(scene.lab, namespace)));
      const begun = await Promise.all(MOMENTS.map(({ namespace }) => settled(namespace, (name) => name === "db-0")));
      gates = await Promise.all(MOMENTS.map(() => startApiGate(scene.lab.plane)));
      const thaw = Promise.withResolvers<void>();
      const victims: FunctionInstance[] = [];
      const answers: Promise<number>[] = [];
      for (const [index, moment] of MOMENTS.entries()) {
        const gate = gates[index];
        if (gate === undefined) throw new Error("no gate");
        /* oxlint-disable no-await-in-loop -- one is frozen after the other, so that each is the only one that was told */
        const victim = await scene.instance({ server: gate.url, env: moment.env });
        victims.push(victim);
        const { frozen, answered } = freezeAt(moment, { gate, victim, thawed: thaw.promise });
        answers.push(answered);
        scene.balancer.target([victim.url]);
        await scene.lab.kubelet.setReady(moment.namespace, "db-0", false);
        await frozen;
        /* oxlint-enable no-await-in-loop */
      }
      const thawAt = performance.now() + FROZEN_MS;
      scene.balancer.target(urls(crowd));
      const handOvers = MOMENTS.map(async ({ namespace }) => {
        await settled(namespace, (name) => name !== "db-0");
        await scene.lab.kubelet.setReady(namespace, "db-0", true);
        await failOver(namespace, FURTHER_FAIL_OVERS);
        return settled(namespace);
      });
      const before = await Promise.all(handOvers);
      const epochs = MOMENTS.map(async ({ namespace }, index) => {
        const [from, to] = [begun[index], before[index]];
        return from && to && epochsBetween(scene, namespace, { from, to });
      });
      expect(await Promise.all(epochs)).toEqual(MOMENTS.map(() => 1 + FURTHER_FAIL_OVERS));
      await sleep(Math.max(0, thawAt - performance.now()));
      const asked = gates.map(({ requests }) => requests.length);
      for (const victim of victims) victim.process.kill("SIGCONT");
      thaw.resolve();
      await poll(
        async () => (gates.every(({ requests }, index) => requests.length > (asked[index] ?? 0)) ? true : undefined),
        { what: "a request of each instance that woke up", everyMs: 20, deadlineMs: SCALE_BOUND_MS },
      );
      scene.balancer.target(urls([...crowd, ...victims]));
      const after = await Promise.all(MOMENTS.map(({ namespace }) => settled(namespace)));
      expect(after.map(({ record }) => record?.epoch)).toEqual(before.map(({ record }) => record?.epoch));
      expect(await Promise.all(answers)).toEqual(MOMENTS.map(({ isLate }) => (isLate ? CONFLICT : OK)));
      const refused = gates.map(
        ({ requests }, index) => requests.slice(asked[index]).filter(({ status }) => status === CONFLICT).length,
      );
      process.stdout.write(`writes refused after the thaw, instance by instance: ${refused.join(", ")}\n`);
      expect(victims.map(({ process }) => process.failure())).toEqual(victims.map(() => undefined));
    });
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const namespaces = ["crowded", ...MOMENTS.map(({ namespace }) => namespace)];
    const { faults, promotions } = await judgeRun(scene, namespaces);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(FAIL_OVERS + 4 + (2 + FURTHER_FAIL_OVERS) * MOMENTS.length);
  });
});
