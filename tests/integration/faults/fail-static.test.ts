/**
 * Goal: while the function cannot reach the API server nothing changes hands, its processes stay alive and small and do not
 * hammer at the door; afterwards everything that happened meanwhile is put right (S11, F11).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isWrite, refusal, startApiGate } from "../../../infra/lab/api-gate.ts";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { startTcpProxy, type Weather } from "../../../infra/lab/tcp-proxy.ts";
import { epochsBetween, settles } from "../support/hand-overs.ts";
import { memoryOf, rssMib, SAYS_HEAP, type Memory } from "../support/live-heap.ts";
import { createGroup } from "../support/objects.ts";
import { judgeOwnWrites } from "../support/own-writes.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";
import { startTrace, writersSeen } from "../support/trace.ts";
import type { GroupState } from "../../../infra/lab/group.ts";

/** `AWAY_SECONDS=360` looks for slow leaks. */
const AWAY_MS: number = Number(process.env["AWAY_SECONDS"] ?? 60) * 1000;
const SAMPLE_MS = 1_000;
const AWAY_TEST_MS: number = AWAY_MS + 120_000;
const NAMESPACES = ["one", "two", "three", "four", "five", "six"];
/** The longest pause of the function before it tries again, a tick, and a slow machine. */
const RECOVERY_BOUND_MS: number = TICK_BOUND_MS + 15_000;
/** Of one run of a group: what had read before the fault has written by then. */
const UNDER_WAY_MS = 10_000;
/** Until then code is compiled, and as many connections are open as there will be. */
const WARM_MS: number = AWAY_MS / 4;
const HEAP_GROWTH_MAX_MIB = 1.5;
/** Coarse: V8 and malloc take memory in leaps. */
const RSS_GROWTH_MAX_MIB = 24;
const CURVE_POINTS = 12;
/**
 * On average, while events go on coming: two POSTs a second (the adapter repeats what is answered 503, and waits for it), a tick
 * each two seconds, the repetitions of six groups, and five calls at most for each of these.
 */
const ATTEMPTS_PER_SECOND_MAX = 60;
/** The function's own bound. */
const CONNECTIONS_MAX = 32;

interface Sample {
  readonly rssMib: number;
  readonly live: number;
  readonly ready: number;
  readonly answeredAfterMs: number;
  /** Connections to the API server. */
  readonly open: number;
}

/** What stands between one instance and the API server. */
interface Barrier {
  readonly what: string;
  /** For the instance's `server`. */
  readonly url: string;
  readonly fall: () => void;
  readonly rise: () => void;
  /** When the function tried, connections or requests, in milliseconds of `performance.now()`. */
  readonly attempts: readonly number[];
  readonly open: () => number;
  readonly close: () => void;
}

/** One instance, cut off in one way. */
interface CutOff {
  readonly barrier: Barrier;
  readonly instance: FunctionInstance;
  readonly samples: Sample[];
  /** When it was warm, and at the end. */
  readonly memory: Memory[];
}

const proxyBarrier = async (server: string, weather: Weather): Promise<Barrier> => {
  const proxy = await startTcpProxy(server);
  return {
    what: weather.kind,
    url: proxy.url,
    fall: () => proxy.set(weather),
    rise: () => proxy.set({ kind: "clear" }),
    attempts: proxy.attempts,
    open: () => proxy.open(),
    close: () => proxy.close(),
  };
};

/** Every read is answered 503, while writes come through: whoever acted on what it remembers could. */
const blindBarrier = async (plane: Scene["lab"]["plane"]): Promise<Barrier> => {
  const gate = await startApiGate(plane, { tls: plane.serverTls });
  const attempts: number[] = [];
  const fall = (): void =>
    gate.handle((request, forward) => {
      attempts.push(performance.now());
      return isWrite(request) ? forward() : Promise.resolve(refusal(503, "ServiceUnavailable"));
    });
  const rise = (): void => gate.handle((_request, forward) => forward());
  return { what: "blind", url: gate.url, fall, rise, attempts, open: () => 0, close: () => gate.close() };
};

const sampleOf = async ({ instance: { url, process }, barrier }: CutOff): Promise<Sample> => {
  const begun = performance.now();
  const live = await fetch(new URL("health/liveness", url));
  const answeredAfterMs = performance.now() - begun;
  const ready = await fetch(new URL("health/readiness", url));
  return { rssMib: rssMib(process), live: live.status, ready: ready.status, answeredAfterMs, open: barrier.open() };
};

const growth = ([warm, end]: readonly Memory[], of: keyof Memory): number =>
  warm === undefined || end === undefined ? Number.NaN : end[of] - warm[of];

const isFirst = (name: string): boolean => name === "db-0";
const isNext = (name: string): boolean => !isFirst(name);

const most = (times: readonly number[], windowMs: number): number =>
  Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));

const report = ({ barrier: { what }, samples, memory }: CutOff, times: readonly number[]): string => {
  const slowest = Math.max(...samples.map(({ answeredAfterMs }) => answeredAfterMs));
  const curve = samples.filter((_, index) => index % Math.ceil(samples.length / CURVE_POINTS) === 0);
  const mib = (of: keyof Memory): string => memory.map((at) => at[of].toFixed(1)).join(" to ");
  return (
    `${what}: ${times.length} attempts, at most ${most(times, 1_000)} a second, ${most(times, 20)} in 20 ms; ` +
    `live heap ${mib("heapMib")} MiB, RSS then ${mib("rssMib")} MiB, over time ` +
    `${curve.map((sample) => Math.round(sample.rssMib)).join(", ")}; liveness within ${Math.round(slowest)} ms\n`
  );
};

describe(`${AWAY_MS / 1000} s without the API server: one instance refused, one in silence, one that can write but not read`, () => {
  let scene: Scene;
  let cutOff: readonly CutOff[] = [];
  let before: readonly GroupState[] = [];

  const cut = async (barrier: Barrier): Promise<CutOff> => {
    const env = { BELLWETHER_CA_FILE: scene.lab.plane.caFile, ...SAYS_HEAP };
    return { barrier, instance: await scene.instance({ server: barrier.url, env }), samples: [], memory: [] };
  };
  const lookAtMemory = async (): Promise<void> => {
    for (const one of cutOff) {
      // oxlint-disable-next-line no-await-in-loop
      one.memory.push(await memoryOf(one.instance.process));
    }
  };
  const eachSecond = async (until: number): Promise<void> => {
    for (let second = 1; performance.now() < until; second += 1) {
      const next = performance.now() + SAMPLE_MS;
      const namespace = NAMESPACES[second % NAMESPACES.length] ?? "";
      /* oxlint-disable no-await-in-loop -- one sample a second */
      await scene.lab.kubelet.setReady(namespace, "db-2", second % 2 === 0);
      for (const one of cutOff) one.samples.push(await sampleOf(one));
      await sleep(Math.max(0, next - performance.now()));
      /* oxlint-enable no-await-in-loop */
    }
  };

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    const { plane } = scene.lab;
    const barriers = await Promise.all([
      proxyBarrier(plane.server, { kind: "refusing" }),
      proxyBarrier(plane.server, { kind: "silent" }),
      blindBarrier(plane),
    ]);
    cutOff = await Promise.all(barriers.map(cut));
    scene.balancer.broadcast(cutOff.map(({ instance }) => instance.url));
    await scene.startSource();
    await createBystanders(scene.lab);
    await Promise.all(NAMESPACES.map((namespace) => createGroup(scene.lab, namespace)));
    before = await Promise.all(
      NAMESPACES.map((namespace) => settles(scene.lab, namespace, { is: isFirst, deadlineMs: RECOVERY_BOUND_MS })),
    );
  });

  afterAll(async () => {
    await scene.stop();
    for (const { barrier } of cutOff) barrier.close();
  });

  it(
    "nothing is written or relabelled, all stay alive and small, and none hammers",
    { timeout: AWAY_TEST_MS },
    async () => {
      const trace = await startTrace(scene.lab);
      for (const { barrier } of cutOff) barrier.fall();
      const begun = performance.now();
      const quietSince = new Date(Date.now() + UNDER_WAY_MS).toISOString();
      // Every writer is lost, and readers come and go: all that would make an event and a hand-over.
      await Promise.all(NAMESPACES.map((namespace) => scene.lab.kubelet.setReady(namespace, "db-0", false)));
      await eachSecond(begun + WARM_MS);
      await lookAtMemory();
      await eachSecond(begun + AWAY_MS);
      await lookAtMemory();
      const attempts = cutOff.map(({ barrier }) => barrier.attempts.filter((at) => at > begun));
      const meanwhile = readAuditLog(scene.lab.plane.auditLogFile).filter(
        ({ requestReceivedTimestamp }) => requestReceivedTimestamp > quietSince,
      );
      expect(judgeOwnWrites(meanwhile, []).count).toBe(0);
      for (const namespace of NAMESPACES) expect(writersSeen(trace, namespace)).toEqual(["db-0"]);
      trace.stop();
      for (const { barrier } of cutOff) barrier.rise();

      for (const [index, one] of cutOff.entries()) process.stdout.write(report(one, attempts[index] ?? []));
      for (const [index, one] of cutOff.entries()) {
        const { samples, memory } = one;
        const times = attempts[index] ?? [];
        expect(samples.length).toBeGreaterThan(AWAY_MS / SAMPLE_MS / 2);
        expect(samples.filter(({ live, ready }) => live !== 200 || ready !== 200)).toEqual([]);
        expect(growth(memory, "heapMib")).toBeLessThan(HEAP_GROWTH_MAX_MIB);
        expect(growth(memory, "rssMib")).toBeLessThan(RSS_GROWTH_MAX_MIB);
        expect(times.length).toBeGreaterThan(0);
        expect(times.length).toBeLessThan((AWAY_MS / 1_000) * ATTEMPTS_PER_SECOND_MAX);
        expect(Math.max(...samples.map(({ open }) => open))).toBeLessThanOrEqual(CONNECTIONS_MAX);
      }
    },
  );

  it("once it is back each group gets the writer that it was to get, with one epoch", async () => {
    const epochs = NAMESPACES.map(async (namespace, index) => {
      const to = await settles(scene.lab, namespace, { is: isNext, deadlineMs: RECOVERY_BOUND_MS });
      const from = before[index];
      return from && epochsBetween(scene, namespace, { from, to });
    });
    expect(await Promise.all(epochs)).toEqual(NAMESPACES.map(() => 1));
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, NAMESPACES);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(2 * NAMESPACES.length);
  });
});
