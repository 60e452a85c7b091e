/**
 * Goal: the way between function and API server, and between API server and source, may be slow, break, refuse or forget:
 * each hand-over is finished all the same, and no revision has two writers (F7, F11, F34).
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TICK_TYPE } from "../../../events/names.ts";
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { compareVersions, type Revision } from "../../../functions/kit/history/revision.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Adapter } from "../../../infra/lab/adapters.ts";
import { isWrite, refusal, startApiGate, type ApiGate, type Handler } from "../../../infra/lab/api-gate.ts";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { ControlPlane } from "../../../infra/lab/control-plane.ts";
import type { FunctionInstance } from "../../../infra/lab/function.ts";
import { startObserver } from "../../../infra/lab/observer.ts";
import { startTcpProxy, type TcpProxy } from "../../../infra/lab/tcp-proxy.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { failsOver, failsOverTimes, recordsOf, settles, type FailOver } from "../support/hand-overs.ts";
import { createGroup } from "../support/objects.ts";
import { kubeConfigAt, startScene, TICK_BOUND_MS, type Scene } from "../support/scene.ts";
import { startSink, type ReceivedEvent } from "../support/sink.ts";
import { createBystanders, judgeRun } from "../support/sound-run.ts";

const NAMESPACE = "data";
const FAIL_OVERS = 3;
/** Several attempts with their backoff, a tick, and a slow machine. */
const ROUGH_BOUND_MS: number = TICK_BOUND_MS + 20_000;
const SLOW_MS = 150;
const WATCH_MS = 300;
/** The adapter's own pauses, which double from 0.8 s with each 410. */
const RELIST_MS = 60_000;

/** Each n-th of the requests that it gets meets this; `met` counts. */
const everyNth = (n: number, trouble: Handler): { readonly handler: Handler; readonly met: () => number } => {
  let requests = 0;
  const handler: Handler = (request, forward) => {
    requests += 1;
    return requests % n === 0 ? trouble(request, forward) : forward();
  };
  return { handler, met: () => Math.floor(requests / n) };
};

const PASS: Handler = (_request, forward) => forward();

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

interface Streams {
  readonly begun: number;
  readonly ended: number;
}

/** A list of the adapter is the beginning of a watch, with the state of everything before the changes. */
const countStreamsOfPods = ({ auditLogFile }: ControlPlane): Streams => {
  const stages = readAuditLog(auditLogFile)
    .filter(({ verb, objectRef }) => verb === "watch" && objectRef?.resource === "pods")
    .filter(({ userAgent }) => userAgent?.startsWith("apiserver_receive_adapter/"))
    .map(({ stage }) => stage);
  return {
    begun: stages.filter((stage) => stage === "ResponseStarted").length,
    ended: stages.filter((stage) => stage === "ResponseComplete").length,
  };
};

const streamsOfPods = (plane: ControlPlane, are: (streams: Streams) => boolean): Promise<true> =>
  poll(async () => (are(countStreamsOfPods(plane)) ? true : undefined), {
    what: "the adapter's watches of pods",
    everyMs: 20,
    deadlineMs: RELIST_MS,
  });

/** The version at which the record names the next one. */
const decisionOn = ({ lostAt, from }: FailOver, records: readonly Revision[]): string => {
  const decision = records.find(
    ({ resourceVersion, object }) =>
      compareVersions(resourceVersion, lostAt) > 0 &&
      object.metadata.annotations?.[EPOCH_ANNOTATION] !== String(from.record?.epoch),
  );
  if (decision === undefined) throw new Error(`no record names another one after ${lostAt}`);
  return decision.resourceVersion;
};

const isTick = ({ type }: ReceivedEvent): boolean => type === TICK_TYPE;
const versionIn = (body: unknown): string => (body as KubeObject).metadata.resourceVersion;

describe("a network that is not to be relied on", () => {
  let scene: Scene;
  let gate: ApiGate;
  let proxy: TcpProxy;
  let source: Adapter;
  let behindGate: FunctionInstance;
  let behindProxy: FunctionInstance;

  const failOver = (times: number): Promise<number> =>
    failsOverTimes(scene, NAMESPACE, { times, deadlineMs: ROUGH_BOUND_MS });

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
      const { handler, met } = everyNth(3, trouble);
      gate.handle((request, forward) => (isWrite(request) ? handler : PASS)(request, forward));
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      expect(met()).toBeGreaterThan(FAIL_OVERS);
      gate.handle(PASS);
    });

    it("TLS through a slow network: each hand-over is finished", async () => {
      scene.balancer.target([behindProxy.url]);
      proxy.set({ kind: "slow", delayMs: SLOW_MS });
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
    });

    it("TLS to a server that cuts every fourth read and every fourth write off from its answer: each hand-over is finished", async () => {
      const { plane } = scene.lab;
      const cutting = await startApiGate(plane, { tls: plane.serverTls });
      const behindTls = await scene.instance({ server: cutting.url, env: { BELLWETHER_CA_FILE: plane.caFile } });
      scene.balancer.target([behindTls.url]);
      const reads = everyNth(4, afterwards("cut"));
      const writes = everyNth(4, afterwards("cut"));
      cutting.handle((request, forward) => (isWrite(request) ? writes : reads).handler(request, forward));
      expect(await failOver(FAIL_OVERS)).toBe(FAIL_OVERS);
      process.stdout.write(`cut off under TLS: ${reads.met()} reads, ${writes.met()} writes\n`);
      expect(Math.min(reads.met(), writes.met())).toBeGreaterThanOrEqual(FAIL_OVERS);
      behindTls.process.kill("SIGKILL");
      cutting.close();
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

    it("every watch of the adapter is ended with 410 again and again: the tick finds a lost writer that its next list hides", async () => {
      await source.stop("SIGKILL");
      const { plane } = scene.lab;
      const forgetful = await startApiGate(plane, { tls: plane.serverTls });
      forgetful.expireWatches(WATCH_MS);
      const sink = await startSink();
      scene.balancer.broadcast([behindGate.url, sink.url]);
      source = await scene.startSource(forgetful.url);
      const found: FailOver[] = [];
      const heard: number[] = [];
      for (let turn = 0; turn < FAIL_OVERS; turn += 1) {
        /* oxlint-disable no-await-in-loop -- one after the other */
        await streamsOfPods(plane, ({ begun, ended }) => begun > turn && begun === ended);
        heard.push(sink.events.length);
        const { begun } = countStreamsOfPods(plane);
        found.push(await failsOver(scene.lab, NAMESPACE, ROUGH_BOUND_MS));
        await streamsOfPods(plane, (streams) => streams.begun > begun);
        /* oxlint-enable no-await-in-loop */
      }
      expect(source.failure()).toBeUndefined();
      await source.stop("SIGKILL");
      const hidden = found.filter((lost, turn) => {
        const since = sink.events.slice(heard[turn]);
        const decidedAt = decisionOn(lost, recordsOf(scene, NAMESPACE));
        const isBefore = ({ body }: ReceivedEvent): boolean => compareVersions(versionIn(body), decidedAt) < 0;
        return since.some(isTick) && !since.some((event) => !isTick(event) && isBefore(event));
      });
      process.stdout.write(`${hidden.length} of ${found.length} lost writers were hidden from the adapter\n`);
      expect(hidden.length).toBeGreaterThan(0);
      sink.close();
      forgetful.close();
      scene.balancer.target([behindGate.url, behindProxy.url]);
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
    expect(promotions).toBeGreaterThanOrEqual((TROUBLES.length + 4) * FAIL_OVERS + 3);
  });
});
