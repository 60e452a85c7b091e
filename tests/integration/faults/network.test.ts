/**
 * Goal: the way between function and API server, and between API server and source, may be slow, break, refuse or forget:
 * each hand-over is finished all the same, and no revision has two writers (F7, F11, F34).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Adapter } from "../../../infra/lab/adapters.ts";
import { isWrite, refusal, startApiGate, type ApiGate, type Handler } from "../../../infra/lab/api-gate.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { startObserver } from "../../../infra/lab/observer.ts";
import { startTcpProxy, type TcpProxy } from "../../../infra/lab/tcp-proxy.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { failsOverTimes, settles } from "../support/hand-overs.ts";
import { createGroup } from "../support/objects.ts";
import { kubeConfigAt, startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";

const NAMESPACE = "data";
const FAIL_OVERS = 3;
/** Several attempts with their backoff, a tick, and a slow machine. */
const ROUGH_BOUND_MS: number = TICK_BOUND_MS + 20_000;
const SLOW_MS = 150;
const WATCH_MS = 300;

/** Every third write meets this; `met` counts. */
const everyThirdWrite = (trouble: Handler): { readonly handler: Handler; readonly met: () => number } => {
  let writes = 0;
  const handler: Handler = (request, forward) => {
    if (isWrite(request)) writes += 1;
    return isWrite(request) && writes % 3 === 0 ? trouble(request, forward) : forward();
  };
  return { handler, met: () => Math.floor(writes / 3) };
};

const afterwards =
  (answer: Awaited<ReturnType<Handler>>): Handler =>
  async (_request, forward) => {
    await forward();
    return answer;
  };

const TROUBLES: readonly (readonly [what: string, handler: Handler])[] = [
  ["a 429 that asks to come back after a second", () => Promise.resolve(refusal(429, "TooManyRequests", 1))],
  ["a 500", () => Promise.resolve(refusal(500, "InternalError"))],
  ["a 500 although it was applied", afterwards(refusal(500, "InternalError"))],
  ["a 504 although it was applied", afterwards(refusal(504, "Timeout"))],
  ["no answer although it was applied", afterwards("cut")],
  ["no answer and is not applied", () => Promise.resolve("cut")],
];

describe("a network that is not to be relied on", () => {
  let scene: Scene;
  let gate: ApiGate;
  let proxy: TcpProxy;
  let source: Adapter;
  let behindGate: FunctionInstance;
  let behindProxy: FunctionInstance;

  const failOver = (times: number): Promise<number> =>
    failsOverTimes(scene.lab, NAMESPACE, { times, deadlineMs: ROUGH_BOUND_MS });

  beforeAll(async () => {
    scene = await startScene({ auditLog: true });
    const { plane } = scene.lab;
    gate = await startApiGate(plane);
    proxy = await startTcpProxy(plane.server);
    behindGate = await scene.instance({ server: gate.url });
    behindProxy = await scene.instance({ server: proxy.url, env: { BELLWETHER_CA_FILE: plane.caFile } });
    scene.balancer.target([behindGate.url]);
    source = await scene.startSource();
    await createBystanders(scene.lab);
    await createGroup(scene.lab, NAMESPACE);
    await settles(scene.lab, NAMESPACE, { deadlineMs: ROUGH_BOUND_MS });
  });

  afterAll(async () => {
    await scene.stop();
    gate.close();
    proxy.close();
  });

  describe("between function and API server", () => {
    it.each(TROUBLES)("every third write gets %s: each hand-over is finished", async (_what, trouble) => {
      scene.balancer.target([behindGate.url]);
      const { handler, met } = everyThirdWrite(trouble);
      gate.handle(handler);
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      expect(met()).toBeGreaterThan(FAIL_OVERS);
      gate.handle((_request, forward) => forward());
    });

    it("TLS through a slow network: each hand-over is finished", async () => {
      scene.balancer.target([behindProxy.url]);
      proxy.set({ kind: "slow", delayMs: SLOW_MS });
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
    });

    it("TLS through a network that cuts every fourth request off from its answer: each hand-over is finished", async () => {
      scene.balancer.target([behindProxy.url]);
      proxy.set({ kind: "cutting", every: 4 });
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      proxy.set({ kind: "clear" });
      expect(proxy.cuts()).toBeGreaterThan(FAIL_OVERS);
    });
  });

  describe("between API server and source", () => {
    beforeAll(() => {
      scene.balancer.target([behindGate.url, behindProxy.url]);
    });

    it("the adapter is killed, a writer is lost, the adapter comes back: the tick has found it meanwhile", async () => {
      await source.stop("SIGKILL");
      expect(await failOver(1)).toBe(1);
      source = await scene.startSource();
      expect(await failOver(1)).toBe(1);
    });

    it("every watch of the adapter is ended with 410 again and again: what its lists hide, the tick finds", async () => {
      await source.stop("SIGKILL");
      const forgetful = await startApiGate(scene.lab.plane, { tls: scene.lab.plane.serverTls });
      forgetful.expireWatches(WATCH_MS);
      source = await scene.startSource(forgetful.url);
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      const before = forgetful.expired();
      await poll(async () => (forgetful.expired() > before + 3 ? true : undefined), {
        what: "further watches that the adapter began and lost",
        everyMs: 20,
        deadlineMs: ROUGH_BOUND_MS,
      });
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      expect(source.failure()).toBeUndefined();
      await source.stop("SIGKILL");
      forgetful.close();
    });

    it("an observer whose watches are ended so says what it may have missed", async () => {
      const forgetful = await startApiGate(scene.lab.plane, { tls: scene.lab.plane.serverTls });
      forgetful.expireWatches(WATCH_MS);
      const observer = await startObserver({ kubeConfig: kubeConfigAt(scene.lab, forgetful.url) });
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      await poll(async () => (observer.gaps.length > 0 ? true : undefined), {
        what: "a gap",
        everyMs: 20,
        deadlineMs: ROUGH_BOUND_MS,
      });
      await observer.stop();
      forgetful.close();
      for (const { after, until } of observer.gaps) expect(BigInt(until)).toBeGreaterThanOrEqual(BigInt(after));
      expect(forgetful.expired()).toBeGreaterThan(0);
    });
  });

  it("at no revision of all this were there two writers, and no write of ours was without its conditions", async () => {
    const { faults, promotions } = await judgeRun(scene, [NAMESPACE]);
    expect(faults).toEqual([]);
    expect(promotions).toBeGreaterThanOrEqual((TROUBLES.length + 5) * FAIL_OVERS + 3);
  });
});
