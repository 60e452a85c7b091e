/**
 * Goal: while the function cannot reach the API server nothing changes hands, its processes stay alive and small and do not
 * hammer at the door; afterwards everything that happened meanwhile is put right (S11, F11).
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { waitForWriter } from "../../../infra/lab/group.ts";
import { startTcpProxy, type TcpProxy, type Weather } from "../../../infra/lab/tcp-proxy.ts";
import { createGroup, lockIn } from "../support/objects.ts";
import { judgeOwnWrites } from "../support/own-writes.ts";
import { startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";
import { startTrace, writersSeen } from "../support/trace.ts";

const AWAY_MS = 60_000;
const SAMPLE_MS = 1_000;
const AWAY_TEST_MS = 180_000;
const NAMESPACES = ["one", "two", "three", "four", "five", "six"];
/** The longest pause of the function before it tries again, a tick, and a slow machine. */
const RECOVERY_BOUND_MS: number = TICK_BOUND_MS + 15_000;
/** The heap may grow to where it is collected; what each failure leaves behind would be more. */
const RSS_GROWTH_MAX_MIB = 32;
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

const rssMib = (pid: number): number => {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
};

/** One instance, cut off in one way. */
interface CutOff {
  readonly weather: Weather;
  readonly proxy: TcpProxy;
  readonly instance: FunctionInstance;
  readonly samples: Sample[];
}

const sampleOf = async ({ instance: { url, process }, proxy }: CutOff): Promise<Sample> => {
  const begun = performance.now();
  const live = await fetch(new URL("health/liveness", url));
  const answeredAfterMs = performance.now() - begun;
  const ready = await fetch(new URL("health/readiness", url));
  return { rssMib: rssMib(process.pid), live: live.status, ready: ready.status, answeredAfterMs, open: proxy.open() };
};

const most = (times: readonly number[], windowMs: number): number =>
  Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + windowMs).length));

describe(`the API server out of reach for ${AWAY_MS / 1000} s, for one instance refusing, for the other one silent`, () => {
  let scene: Scene;
  let cutOff: readonly CutOff[] = [];

  const cut = async (weather: Weather): Promise<CutOff> => {
    const { plane } = scene.lab;
    const proxy = await startTcpProxy(plane.server);
    const instance = await scene.instance({ server: proxy.url, env: { BELLWETHER_CA_FILE: plane.caFile } });
    return { weather, proxy, instance, samples: [] };
  };

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    cutOff = await Promise.all([cut({ kind: "refusing" }), cut({ kind: "silent" })]);
    scene.balancer.broadcast(cutOff.map(({ instance }) => instance.url));
    await scene.startSource();
    await createBystanders(scene.lab);
    await Promise.all(NAMESPACES.map((namespace) => createGroup(scene.lab, namespace)));
    for (const namespace of NAMESPACES) {
      // oxlint-disable-next-line no-await-in-loop
      await waitForWriter(scene.lab, lockIn(namespace), {
        is: ({ name }) => name === "db-0",
        deadlineMs: RECOVERY_BOUND_MS,
      });
    }
  });

  afterAll(async () => {
    await scene.stop();
    for (const { proxy } of cutOff) proxy.close();
  });

  it("nothing is relabelled, and both stay alive, small and quiet", { timeout: AWAY_TEST_MS }, async () => {
    const trace = await startTrace(scene.lab);
    for (const { proxy, weather } of cutOff) proxy.set(weather);
    const begun = performance.now();
    const begunAt = new Date().toISOString();
    // Every writer is lost, and readers come and go: all that would make an event and a hand-over.
    await Promise.all(NAMESPACES.map((namespace) => scene.lab.kubelet.setReady(namespace, "db-0", false)));
    for (let second = 1; performance.now() - begun < AWAY_MS; second += 1) {
      const namespace = NAMESPACES[second % NAMESPACES.length] ?? "";
      /* oxlint-disable no-await-in-loop -- one sample a second */
      await scene.lab.kubelet.setReady(namespace, "db-2", second % 2 === 0);
      for (const one of cutOff) one.samples.push(await sampleOf(one));
      await sleep(Math.max(0, begun + second * SAMPLE_MS - performance.now()));
      /* oxlint-enable no-await-in-loop */
    }
    const endedAt = new Date().toISOString();
    const attempts = cutOff.map(({ proxy }) => proxy.attempts.filter((at) => at > begun));
    for (const { proxy } of cutOff) proxy.set({ kind: "clear" });
    trace.stop();

    const meanwhile = readAuditLog(scene.lab.plane.auditLogFile).filter(
      ({ stageTimestamp }) => stageTimestamp > begunAt && stageTimestamp < endedAt,
    );
    expect(judgeOwnWrites(meanwhile, []).count).toBe(0);
    for (const namespace of NAMESPACES) expect(writersSeen(trace, namespace)).toEqual(["db-0"]);
    for (const [index, { weather, samples }] of cutOff.entries()) {
      const times = attempts[index] ?? [];
      const rss = samples.map((sample) => Math.round(sample.rssMib));
      process.stdout.write(
        `${weather.kind}: ${times.length} connections tried, at most ${most(times, 1_000)} a second, ${most(times, 20)} in 20 ms; ` +
          `RSS ${rss[0]} to ${rss.at(-1)} MiB, at most ${Math.max(...rss)}; ` +
          `liveness within ${Math.round(Math.max(...samples.map(({ answeredAfterMs }) => answeredAfterMs)))} ms\n`,
      );
      expect(samples.length).toBeGreaterThan(AWAY_MS / SAMPLE_MS / 2);
      expect(samples.filter(({ live, ready }) => live !== 200 || ready !== 200)).toEqual([]);
      expect(Math.max(...rss) - (rss[0] ?? 0)).toBeLessThan(RSS_GROWTH_MAX_MIB);
      expect(times.length).toBeGreaterThan(0);
      expect(times.length).toBeLessThan((AWAY_MS / 1_000) * ATTEMPTS_PER_SECOND_MAX);
      expect(Math.max(...samples.map(({ open }) => open))).toBeLessThanOrEqual(CONNECTIONS_MAX);
    }
  });

  it("once it is back each group gets the writer that it was to get", async () => {
    for (const namespace of NAMESPACES) {
      // oxlint-disable-next-line no-await-in-loop
      await waitForWriter(scene.lab, lockIn(namespace), {
        is: ({ name }) => name !== "db-0",
        deadlineMs: RECOVERY_BOUND_MS,
      });
    }
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, NAMESPACES);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual(2 * NAMESPACES.length);
  });
});
