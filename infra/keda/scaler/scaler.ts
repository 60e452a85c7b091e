/**
 * The wake process: watches what concerns the function, asks the function's own code whether there is work, tells KEDA at once, and hands
 * the function its events, the claims that are posted here, and its clock. It writes nothing to the API server, and any number of replicas may
 * do the same beside it: each event then arrives several times, which is what events do.
 */
import type { Change } from "../../../events/names.ts";
import { post, type PostResult } from "../../../events/post.ts";
import type { ClaimEvent, ObjectEvent } from "../../../events/types.ts";
import type { Clock } from "../../../functions/kit/clock.ts";
import { createLog, type Log } from "../../../functions/kit/host/log.ts";
import { createCredentials } from "../../../functions/kit/kube/credentials.ts";
import { createTransport } from "../../../functions/kit/kube/transport.ts";
import { accessWith } from "../../image/access.ts";
import { createBacklog, type Backlog } from "./backlog.ts";
import type { ScalerConfig } from "./config.ts";
import { createJudge, type Judge } from "./judge.ts";
import { eventOf, messageOf, TICK, type News, type Watched } from "./news.ts";
import { startService } from "./service.ts";
import { watchAll } from "./watch.ts";

export interface Scaler {
  /** Of gRPC. */
  readonly port: number;
  /** All groups were read at least once. */
  isReady(): boolean;
  /** Handed on like a change. Before all groups were read, when nobody is sent here yet, it may be dropped. */
  claim(claim: ClaimEvent): void;
  /** Ends KEDA's streams, watches and deliveries. Never rejects. */
  stop(): Promise<void>;
}

/** Longer than the function waits before it answers an event; a sweep that takes longer goes on without its answer. */
const POST_DEADLINE_MS = 15_000;
/** After a sweep that could not read. Until the first one has read all groups the pod is not Ready, and KEDA reaches nobody: a tick is too long for that. */
const SWEEP_AGAIN_MS = 5_000;

interface Running {
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
  readonly log: Log;
}

interface Sweeper {
  /** Offers a tick, which is work if the sweep finds any. One at a time; who asks meanwhile gets one more. */
  readonly sweep: () => void;
  readonly isReady: () => boolean;
  /** Resolves when all groups were read for the first time, or when there is no more to wait for. */
  readonly first: Promise<void>;
}

const createSweeper = (judge: Judge, backlog: Backlog, { clock, signal, log }: Running): Sweeper => {
  const first = Promise.withResolvers<void>();
  let isReady = false;
  let isSweeping = false;
  let isAskedAgain = false;
  let isPausing = false;
  signal.addEventListener("abort", () => first.resolve());
  const judged = async (): Promise<boolean> => {
    const { work, problem, barred } = await judge.sweep();
    isReady ||= problem === undefined;
    if (isReady) first.resolve();
    if (problem !== undefined) {
      log.warn("sweep could not read", { reason: problem });
      void pause();
    }
    for (const reason of barred) log.error("nobody is woken for what may not be read", { reason });
    isSweeping = false;
    if (isAskedAgain) sweep();
    return work;
  };
  const pause = async (): Promise<void> => {
    if (isPausing) return;
    isPausing = true;
    await clock.sleep(SWEEP_AGAIN_MS);
    isPausing = false;
    sweep();
  };
  const sweep = (): void => {
    isAskedAgain = isSweeping;
    if (isSweeping || signal.aborted) return;
    isSweeping = true;
    backlog.offer(TICK, judged());
  };
  return { sweep, isReady: () => isReady, first: first.promise };
};

const createPost = (
  { functionUrl: sink, apiServer: { server } }: ScalerConfig,
  stopping: AbortSignal,
): ((news: News) => Promise<PostResult>) => {
  const origin = { namespace: "bellwether", name: "bellwether-scaler" };
  return (news) => {
    const { headers, body } = messageOf(news, { sink, origin, server, mode: "Resource" });
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(POST_DEADLINE_MS)]);
    return post({ url: sink, headers, body, signal });
  };
};

/** Rejects when the port is taken, or the credentials cannot be read. An API server that is away is waited for. */
export const startScaler = async (config: ScalerConfig): Promise<Scaler> => {
  const log = createLog({ level: config.logLevel });
  const credentials = createCredentials(config.apiServer);
  const transport = createTransport({ ...credentials, deadlineMs: config.requestDeadlineMs });
  const stopping = new AbortController();
  const { signal } = stopping;
  const { send, clock } = transport;
  const judge = createJudge({ config, send, clock });
  const backlog: Backlog = createBacklog({
    clock,
    post: createPost(config, signal),
    onWork: () => service.push(),
    signal,
    log,
  });
  const service = await startService({ port: config.scalerPort, state: backlog, log });
  const { sweep, isReady, first } = createSweeper(judge, backlog, { clock, signal, log });

  const tell = (news: News, event: ObjectEvent | ClaimEvent): void => {
    const keys = judge.keysOf(event);
    if (keys.length > 0) backlog.offer(news, judge.isWork(keys));
  };
  const onChange = async (change: Change, object: Watched): Promise<void> => {
    // Only then is it known which groups there are; the watch waits meanwhile.
    await first;
    if (!signal.aborted) tell({ kind: "change", change, object }, eventOf(change, object));
  };
  const { namespaces } = config;
  const watching = watchAll({ access: accessWith(credentials), namespaces, signal, log, onChange, onGap: sweep });
  const ticking = setInterval(sweep, config.tickSeconds * 1000);
  log.info("scaler listening", { port: service.port, function: config.functionUrl.href });
  return {
    port: service.port,
    isReady,
    claim: (claim) => tell({ kind: "claim", claim }, claim),
    stop: async () => {
      clearInterval(ticking);
      await service.stop();
      stopping.abort();
      await watching;
      transport.close();
    },
  };
};
