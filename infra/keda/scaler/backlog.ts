/**
 * Hands news to the function. Each is sent at once, for the function may run; what is found to be work meanwhile is kept, and announced,
 * until the function has taken it. The rest is dropped if it was not taken: there was nothing to do.
 */
import { isSuccess, type PostResult } from "../../../events/post.ts";
import type { Clock } from "../../../functions/kit/clock.ts";
import type { Log } from "../../../functions/kit/host/log.ts";
import type { News } from "./news.ts";
import { createPending, currentOf, type Entry } from "./pending.ts";

export interface BacklogOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Never rejects. */
  readonly post: (news: News) => Promise<PostResult>;
  /** Called when there is work, and again every second until it is delivered. */
  readonly onWork: () => void;
  /** Nothing is sent or announced any more once it is aborted. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface Backlog {
  /** `verdict`: whether it is work; must not reject. */
  offer(news: News, verdict: Promise<boolean>): void;
  /** Work waits, or is on its way. */
  isPending(): boolean;
  /** The same, or some was delivered within the last half minute: it may not be done yet. */
  isActive(): boolean;
}

/** Each kind's source would send one at a time. */
const POSTS_MOST = 5;
/** While nobody answers one post at a time is made, after this: so much later a function that has started is found at most. */
const PAUSE_MS = 250;
/** A function that is there and asks to come again, because the API server is in trouble, says when: in one second. */
const ASKED_PAUSE_MS = 1000;
const ASKS_FOR_PAUSE: ReadonlySet<number> = new Set([429, 503]);
/** KEDA drops a "true" while the ScaledObject is not set up yet. */
const REPEAT_MS = 1000;
/** KEDA's default polling interval: at least one poll sees that there was work. */
const GRACE_MS = 30_000;
/** Those that Knative's sources repeat; 0: no answer. */
const TEMPORARY: ReadonlySet<number> = new Set([0, 404, 413, 425, 429, 502, 503, 504]);

/** Calls `onWork` now, and again as long as there is any. */
const createAnnouncer = (
  { clock, onWork, signal }: Pick<BacklogOptions, "clock" | "onWork" | "signal">,
  hasWork: () => boolean,
): (() => void) => {
  let isRepeating = false;
  const repeat = async (): Promise<void> => {
    isRepeating = true;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await clock.sleep(REPEAT_MS);
      if (signal.aborted || !hasWork()) break;
      onWork();
    }
    isRepeating = false;
  };
  return () => {
    onWork();
    if (!isRepeating) void repeat();
  };
};

export const createBacklog = (options: BacklogOptions): Backlog => {
  const { clock, post, signal, log } = options;
  const pending = createPending();
  const announce = createAnnouncer(options, pending.hasWork);
  let isPaused = false;
  let isReachable = true;
  let deliveredAt = Number.NEGATIVE_INFINITY;

  const pauseAfter = async (status: number): Promise<void> => {
    isReachable = false;
    if (isPaused) return;
    isPaused = true;
    await clock.sleep(ASKS_FOR_PAUSE.has(status) ? ASKED_PAUSE_MS : PAUSE_MS);
    isPaused = false;
    pump();
  };

  const fly = async (entry: Entry): Promise<void> => {
    const result = await post(entry.news);
    pending.landed(entry);
    if (isSuccess(result)) {
      isReachable = true;
      entry.delivered = true;
      if (entry.isWork) deliveredAt = clock.monotonic();
    } else if (TEMPORARY.has(result.status)) {
      pending.putBack(entry);
      void pauseAfter(result.status);
    } else log.warn("event dropped", { event: entry.key, reason: result.problem });
    pump();
  };

  const pump = (): void => {
    const entry = isPaused || signal.aborted ? undefined : pending.take(isReachable ? POSTS_MOST : 1);
    if (entry === undefined) return;
    void fly(entry);
    pump();
  };

  const onVerdict = (entry: Entry, work: boolean): void => {
    entry.open -= 1;
    if (!work) pending.drop(entry);
    else if (entry.delivered) deliveredAt = clock.monotonic();
    else if (pending.has(entry)) {
      entry.isWork = true;
      announce();
    }
  };

  return {
    offer: (news, verdict) => {
      const { entry, lost } = pending.enter(news);
      if (lost > 0) {
        log.warn("too many events wait: a sweep replaces them", { events: lost });
        announce();
      }
      entry.open += 1;
      void verdict.then((work) => onVerdict(currentOf(entry), work));
      pump();
    },
    isPending: pending.hasWork,
    isActive: () => pending.hasWork() || clock.monotonic() - deliveredAt < GRACE_MS,
  };
};
