/** What a feature needs from its host: injected once, so that simulation can replace all of it. */
import type { OutgoingEvent } from "../../events/encode.ts";
import type { Clock } from "./clock.ts";
import type { Log } from "./host/log.ts";
import type { Metrics } from "./host/metrics.ts";
import type { Transport } from "./kube/request.ts";

export interface FeatureContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Period of the cron source in seconds. */
  readonly tickSeconds: number;
  /** `observe`: decide, log, count and record Events, and write nothing else. */
  readonly mode: "active" | "observe";
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** Names this process in Events. */
  readonly instance: string;
  /** Sends a CloudEvent; returns at once and never throws. */
  readonly emit: (event: OutgoingEvent) => void;
}

/** What a run or a sweep works with: what the host injected, and the transport that is its own. */
export interface Io {
  readonly context: FeatureContext;
  readonly send: Transport;
}
