/** Every bench by name. Loaded on demand: what one needs (a client, a control plane) is no part of what another measures. */
import type { Bench } from "./report.ts";

export interface BenchEntry {
  readonly name: string;
  /** Of those of one name, which it is; the first of them runs unless the caller says otherwise. */
  readonly feature?: string;
  readonly meaning: string;
  /** What one run is. */
  readonly run: string;
  /** Runs unless the caller says otherwise. */
  readonly runs: number;
  /** Numbers of groups on the server unless the caller says otherwise; none: there is nothing to choose. */
  readonly groups: readonly number[];
  readonly load: () => Promise<Bench>;
}

export const BENCHES: readonly BenchEntry[] = [
  {
    name: "cold-start",
    meaning: "from spawning the process to its reply to a first event",
    run: "one start of each variant",
    runs: 20,
    groups: [],
    load: async () => (await import("./cold-start/run.ts")).runColdStart,
  },
  {
    name: "event",
    meaning: "CPU and API requests per event",
    run: "one round of events on each host",
    runs: 5,
    groups: [],
    load: async () => (await import("./event/run.ts")).runEvent,
  },
  {
    name: "failover",
    feature: "election",
    meaning: "from Ready=False to the new writer label, with few and many locks",
    run: "one fail-over of each contender with each number of locks, and with the fewest once more",
    runs: 200,
    groups: [1, 100, 1000],
    load: async () => (await import("./failover/run.ts")).runFailover,
  },
  {
    name: "failover",
    feature: "standby",
    meaning: "the same for annotated Services, in label mode and in route mode",
    run: "one fail-over of each contender in each mode, with each number of Services of each mode",
    runs: 200,
    groups: [1, 100],
    load: async () => (await import("./standby/run.ts")).runStandbyFailover,
  },
  {
    name: "failover",
    feature: "roles",
    meaning: "from an application's claim to the label of its pod",
    run: "one claim to each contender with each number of checkers",
    runs: 200,
    groups: [1, 100],
    load: async () => (await import("./roles/run.ts")).runRolesFailover,
  },
  {
    name: "noise",
    meaning: "the same while 500 unrelated updates a second pass through the source",
    run: "one fail-over of each contender, with and without",
    runs: 200,
    groups: [],
    load: async () => (await import("./noise/run.ts")).runNoise,
  },
  {
    name: "gap",
    meaning: "what a hand-over costs those who write through a Service",
    run: "one fail-over and one switchover",
    runs: 50,
    groups: [],
    load: async () => (await import("./gap/run.ts")).runGap,
  },
  {
    name: "storm",
    meaning: "many writers lost at once, until the last one is replaced",
    run: "one burst of each contender",
    runs: 5,
    groups: [50, 500],
    load: async () => (await import("./storm/run.ts")).runStorm,
  },
  {
    name: "idle",
    meaning: "reads and writes at rest, with few and many locks, checkers, and Services of each mode",
    run: "one tick of 10 s with each number of each, and once more with the most while their applications are asked",
    runs: 12,
    groups: [1, 250],
    load: async () => (await import("./idle/run.ts")).runIdle,
  },
  {
    name: "sweep",
    meaning: "a full pass over many groups, and over twice as many",
    run: "one pass over each",
    runs: 5,
    groups: [2000],
    load: async () => (await import("./sweep/run.ts")).runSweep,
  },
  {
    name: "soak",
    meaning: "many groups with 5 % churn a minute",
    run: "one minute",
    runs: 30,
    groups: [500],
    load: async () => (await import("./soak/run.ts")).runSoak,
  },
  {
    name: "cluster",
    meaning: "from a fault to the new writer label on a real node, from zero and warm, and where the time goes",
    run: "one fail-over from zero and one with an instance that runs",
    runs: 20,
    groups: [],
    load: async () => (await import("./cluster/run.ts")).runCluster,
  },
];
