/**
 * What scale to zero costs a fail-over: from a fault of the writer to another pod's label on a real node with Knative, from zero and with
 * an instance that runs, and which part of the way that time went into. Reported: most of it is the platform's, and the machine's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { waitForWriter } from "../../infra/lab/group.ts";
import { borrowNode } from "../../infra/lab/node/borrow.ts";
import { undone } from "../../infra/lab/node/undone.ts";
import { runningSite } from "../../infra/lab/node/up.ts";
import type { OverlayName } from "../../tests/integration/platform/golden/overlays.ts";
import {
  deletePod,
  failProbe,
  killContainer,
  mendProbe,
  replace,
  type Fault,
} from "../../tests/integration/cluster/support/faults.ts";
import { endFunction } from "../../tests/integration/cluster/support/function.ts";
import { podsReady } from "../../tests/integration/cluster/support/group.ts";
import { importTestImages } from "../../tests/integration/cluster/support/images.ts";
import { startRequestLog } from "../../tests/integration/cluster/support/request-log.ts";
import { SEGMENTS, startTimer, type Split, type Timer } from "../../tests/integration/cluster/support/split.ts";
import { openStage, strike, type Stage } from "../../tests/integration/cluster/support/stage.ts";
import type { Bench, BenchReport, Figure } from "../report.ts";
import { percentile } from "../statistics.ts";

const settleDeadlineMs = 60_000;
const probePeriodMs = 1_000;

const FAULTS: readonly { readonly what: string; readonly fault: Fault; readonly mend?: Fault }[] = [
  { what: "pod deleted", fault: deletePod },
  { what: "container killed", fault: killContainer, mend: replace },
  { what: "probe failed", fault: failProbe, mend: mendProbe },
];

type Kind = (typeof FAULTS)[number];

interface Sample {
  readonly what: string;
  readonly split: Split;
  readonly totalMs: number;
}

interface Tier {
  readonly name: string;
  readonly overlay: OverlayName;
  readonly begin: "at zero" | "an instance runs";
  /** Brings the function to where a sample begins. */
  readonly prepare: (stage: Stage) => Promise<unknown>;
}

const COLD: Tier = {
  name: "cold",
  overlay: "knative-cold",
  begin: "at zero",
  prepare: ({ node }) => endFunction(node),
};
const WARM: Tier = {
  name: "warm",
  overlay: "knative-warm",
  begin: "an instance runs",
  prepare: () => Promise.resolve(),
};

const take = async (
  stage: Stage,
  timer: Timer,
  { begin }: Tier,
  { what, fault, mend }: Kind,
): Promise<Sample | undefined> => {
  const { node, lock } = stage;
  const before = await waitForWriter(node, lock, { deadlineMs: settleDeadlineMs });
  // Else the fault would always come as long before the next probe as after the last one.
  await sleep(Math.random() * probePeriodMs);
  const struck = await strike(stage, before, fault);
  const split = await timer.split(struck, begin);
  await mend?.(node, struck.victim);
  await podsReady(node, lock.namespace);
  return split && { what, split, totalMs: struck.labelledAfterMs };
};

const lineOf = ({ what, split, totalMs }: Sample): string =>
  `${what}: ${SEGMENTS.map((name) => `${name} ${split[name].toFixed(0)}`).join(", ")}: ${totalMs.toFixed(0)} ms`;

interface Sampled {
  readonly samples: readonly Sample[];
  readonly leftOut: number;
}

/** The faults take turns. */
const sample = async (tier: Tier, runs: number, say: (line: string) => void): Promise<Sampled> => {
  const stage = await openStage(tier.overlay, `bench-${tier.name}`);
  const ending = new AbortController();
  try {
    const timer = await startTimer(stage.node, ending.signal);
    const samples: Sample[] = [];
    let leftOut = 0;
    while (samples.length < runs && leftOut <= runs) {
      // oxlint-disable-next-line no-await-in-loop -- one fail-over at a time
      await tier.prepare(stage);
      // oxlint-disable-next-line no-await-in-loop
      const taken = await take(stage, timer, tier, FAULTS[samples.length % FAULTS.length] as Kind);
      if (taken === undefined) leftOut += 1;
      else samples.push(taken);
      say(
        `${tier.name} ${samples.length} of ${runs}: ${taken === undefined ? "left out: a tick came in between, or something else was first" : lineOf(taken)}`,
      );
    }
    return { samples, leftOut };
  } finally {
    ending.abort();
    await stage.close();
  }
};

const figuresOf = (name: string, cold: readonly number[], warm: readonly number[]): readonly Figure[] =>
  [50, 90].map((hundredths) => ({
    name: `${name}, p${hundredths}`,
    unit: "ms",
    ours: percentile(cold, hundredths),
    floor: percentile(warm, hundredths),
  }));

const total = ({ totalMs }: Sample): number => totalMs;

const reportOf = (cold: Sampled, warm: Sampled): BenchReport => {
  const both = (name: string, value: (one: Sample) => number, what?: string): readonly Figure[] => {
    const values = ({ samples }: Sampled): readonly number[] =>
      samples.filter((one) => what === undefined || one.what === what).map(value);
    return figuresOf(name, values(cold), values(warm));
  };
  return {
    bench: "cluster",
    scope: `${cold.samples.length} fail-overs from zero, ${warm.samples.length} with an instance that runs`,
    comparedWith: "warm",
    figures: [
      ...SEGMENTS.flatMap((name) => both(name, ({ split }) => split[name])),
      ...both("fault to new writer label", total),
      ...FAULTS.flatMap(({ what }) => both(what, total, what)),
    ],
    notes: [
      "noticed: from the fault until the API server shows the pod as ending, gone or not Ready",
      "source: from there until the source has made its event",
      "activator: from there until the pod of an instance is made; warm, until the event is at the instance",
      "start: from there until the event is at that instance",
      "decision: from there until another pod has the label; 0 where the sweep of a starting instance was faster than its event",
      `${cold.leftOut} and ${warm.leftOut} fail-overs in which a tick came in between, or something else was first, do not count`,
    ],
  };
};

const withNode = async <T>(say: (line: string) => void, use: () => Promise<T>): Promise<T> => {
  const { giveBack } = await borrowNode(say);
  const taken = await use().catch((error: unknown) => undone(error, giveBack));
  await giveBack();
  return taken;
};

/** A run is one fail-over from zero, and one with an instance that runs; the node that is up is used, or one is brought up. */
export const runCluster: Bench = ({ runs, say }) =>
  withNode(say, async () => {
    const site = runningSite();
    if (site === undefined) throw new Error("the node ended");
    await importTestImages(site);
    const endRequestLog = await startRequestLog();
    try {
      return [reportOf(await sample(COLD, runs, say), await sample(WARM, runs, say))];
    } finally {
      await endRequestLog();
    }
  });
