/**
 * Fail-over while other pods change all the time: the source delivers one event at a time per resource, so that the news of a lost
 * writer waits behind every unrelated update that the function has not answered yet.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { EVENT_SECONDS } from "../../functions/kit/host/metric-list.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listOf, listRequest, PODS } from "../../functions/kit/kube/request.ts";
import { startScript, whileAlive } from "../lab/contender.ts";
import { addNamespace } from "../lab/groups.ts";
import type { HandOver } from "../lab/hand-over.ts";
import { sumOf } from "../lab/metric.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { startRace, type Race } from "../lab/race.ts";
import type { Pair } from "../lab/rounds.ts";
import { against, type Bench, type BenchOptions, type BenchReport } from "../report.ts";
import { median, percentile } from "../statistics.ts";

const UPDATES_PER_SECOND = 500;
/** Fewer would be another measurement. */
const UPDATES_PER_SECOND_MIN = 0.95 * UPDATES_PER_SECOND;
const P99_TO_QUIET = 2;
const NAMESPACE = "noise";
const UPDATES = "bench/updates";
/** The generator starts, and its pods too. */
const warmUpMs = 5_000;
const settleMs = 500;
const ROUNDS_PER_BLOCK = 25;

const updatesOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.[UPDATES] ?? 0);

const updatesSoFar = async ({ transport }: OpenLab): Promise<number> => {
  const { items } = listOf(await transport.send(listRequest(PODS, { namespace: NAMESPACE })));
  return items.reduce((sum, pod) => sum + updatesOf(pod), 0);
};

const totalOf = (samples: readonly HandOver[], hundredths: number): number =>
  percentile(
    samples.map(({ totalMs }) => totalMs),
    hundredths,
  );

interface Block {
  readonly samples: Pair<HandOver>;
  /** Unrelated updates that the server took. */
  readonly updatesPerSecond: number;
  /** The function's mean time to answer an event: the source sends its next one only then. */
  readonly answerMs: number;
}

const together = (blocks: readonly Block[]): Pair<HandOver> => ({
  ours: blocks.flatMap(({ samples }) => samples.ours),
  floor: blocks.flatMap(({ samples }) => samples.floor),
});

const reportOf = (quiet: readonly Block[], noisy: readonly Block[]): BenchReport => {
  const [still, loud] = [together(quiet), together(noisy)];
  const beside = (contender: keyof Pair<HandOver>, hundredths: number): { ours: number; floor: number } => ({
    ours: totalOf(loud[contender], hundredths),
    floor: totalOf(still[contender], hundredths),
  });
  const middle = (blocks: readonly Block[], field: "updatesPerSecond" | "answerMs"): number =>
    median(blocks.map((block) => block[field]));
  const updates = middle(noisy, "updatesPerSecond");
  return {
    bench: "noise",
    scope: `${still.ours.length} fail-overs each, with unrelated updates and without`,
    comparedWith: "quiet",
    figures: [
      {
        name: "unrelated updates",
        unit: "1/s",
        ours: updates,
        floor: middle(quiet, "updatesPerSecond"),
        target: `>= ${UPDATES_PER_SECOND_MIN}`,
        met: updates >= UPDATES_PER_SECOND_MIN,
      },
      { name: "function, total, p50", unit: "ms", ...beside("ours", 50) },
      against("function, total, p99", "ms", beside("ours", 99), P99_TO_QUIET),
      { name: "bare client, total, p50", unit: "ms", ...beside("floor", 50) },
      { name: "bare client, total, p99", unit: "ms", ...beside("floor", 99) },
      {
        name: "answer to an event, mean",
        unit: "ms",
        ours: middle(noisy, "answerMs"),
        floor: middle(quiet, "answerMs"),
      },
    ],
    notes: [
      "The bare client watches its own namespace only: the noise reaches it through the server's load alone.",
      "Quiet, most events are real changes, whose answer waits for the run.",
    ],
  };
};

const measureBlock = async (lab: OpenLab, race: Race, options: Pick<BenchOptions, "runs" | "say">): Promise<Block> => {
  await sleep(settleMs);
  const [begun, updates, before] = [performance.now(), await updatesSoFar(lab), await race.served.metrics()];
  const samples = await race.run(options);
  const seconds = (performance.now() - begun) / 1000;
  const [updatesAfter, after] = [await updatesSoFar(lab), await race.served.metrics()];
  const more = (suffix: string): number =>
    sumOf(after, EVENT_SECONDS.name + suffix) - sumOf(before, EVENT_SECONDS.name + suffix);
  return {
    samples,
    updatesPerSecond: (updatesAfter - updates) / seconds,
    answerMs: (more("_sum") / more("_count")) * 1000,
  };
};

export const runNoise: Bench = ({ runs, say }) =>
  withLab(async (lab) => {
    const race = await startRace(lab);
    await addNamespace(lab.api, NAMESPACE);
    const env = { BENCH_NAMESPACE: NAMESPACE, BENCH_RATE: String(UPDATES_PER_SECOND) };
    const generator = startScript(lab, "noise/generator.ts", env);
    await sleep(warmUpMs);
    const [quiet, noisy]: [Block[], Block[]] = [[], []];
    const measureAll = async (): Promise<void> => {
      for (let done = 0; done < runs; done += ROUNDS_PER_BLOCK) {
        const options = { runs: Math.min(ROUNDS_PER_BLOCK, runs - done), say };
        generator.kill("SIGCONT");
        // oxlint-disable-next-line no-await-in-loop -- blocks in turn, so that drifts of the host hit both alike
        noisy.push(await measureBlock(lab, race, options));
        generator.kill("SIGSTOP");
        // oxlint-disable-next-line no-await-in-loop
        quiet.push(await measureBlock(lab, race, options));
        say(`${done + options.runs} of ${runs} rounds, ${noisy.at(-1)?.updatesPerSecond.toFixed(0)} updates/s`);
      }
    };
    await whileAlive(generator, measureAll());
    return [reportOf(quiet, noisy)];
  });
