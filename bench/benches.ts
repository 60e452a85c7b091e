/** Every bench by name. Loaded on demand: what one needs (a client, a control plane) is no part of what another measures. */
import type { Bench } from "./report.ts";

export interface BenchEntry {
  readonly name: string;
  readonly meaning: string;
  /** What one run is. */
  readonly run: string;
  /** Runs unless the caller says otherwise. */
  readonly runs: number;
  readonly load: () => Promise<Bench>;
}

export const BENCHES: readonly BenchEntry[] = [
  {
    name: "cold-start",
    meaning: "from spawning the process to its reply to a first event",
    run: "one start of each variant",
    runs: 20,
    load: async () => (await import("./cold-start/run.ts")).runColdStart,
  },
  {
    name: "event",
    meaning: "CPU and API requests per event",
    run: "one round of events on each host",
    runs: 5,
    load: async () => (await import("./event/run.ts")).runEvent,
  },
  {
    name: "failover",
    meaning: "from Ready=False to the new writer label, with 1, 100 and 1,000 locks",
    run: "one fail-over of each contender with each number of locks",
    runs: 200,
    load: async () => (await import("./failover/run.ts")).runFailover,
  },
  {
    name: "noise",
    meaning: "the same while 500 unrelated updates a second pass through the source",
    run: "one fail-over of each contender, with and without",
    runs: 200,
    load: async () => (await import("./noise/run.ts")).runNoise,
  },
  {
    name: "gap",
    meaning: "what a hand-over costs those who write through a Service",
    run: "one fail-over and one switchover",
    runs: 50,
    load: async () => (await import("./gap/run.ts")).runGap,
  },
  {
    name: "storm",
    meaning: "50 and 500 writers lost at once, until the last one is replaced",
    run: "one burst of each contender",
    runs: 5,
    load: async () => (await import("./storm/run.ts")).runStorm,
  },
  {
    name: "idle",
    meaning: "reads and writes at rest, with 1 and 1,000 locks",
    run: "one tick of 10 s",
    runs: 12,
    load: async () => (await import("./idle/run.ts")).runIdle,
  },
  {
    name: "sweep",
    meaning: "a full pass over 2,000 and 4,000 groups",
    run: "one pass over each number",
    runs: 5,
    load: async () => (await import("./sweep/run.ts")).runSweep,
  },
  {
    name: "soak",
    meaning: "500 groups with 5 % churn a minute",
    run: "one minute",
    runs: 30,
    load: async () => (await import("./soak/run.ts")).runSoak,
  },
];
