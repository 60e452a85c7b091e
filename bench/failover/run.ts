/**
 * Fail-over on a real control plane, with few and with many locks on the server: from the acknowledged `Ready=False` to the
 * writer label of another pod, beside a bare client. No tick comes, so that every sample is the work of an event.
 */
import { addLocks, addSets } from "../lab/groups.ts";
import { groupNames } from "../lab/names.ts";
import { withLab } from "../lab/open.ts";
import { startRace, type Samples } from "../lab/race.ts";
import { against, type Bench, type BenchReport, type Figure } from "../report.ts";
import { percentile } from "../statistics.ts";

const LOCKS = [1, 100, 1000] as const;
const P50_TO_FLOOR = 1.6;
const P99_TO_FLOOR = 2;
const P50_TO_ONE_LOCK = 1.2;

const totals = (samples: Samples): { readonly ours: readonly number[]; readonly floor: readonly number[] } => ({
  ours: samples.ours.map(({ totalMs }) => totalMs),
  floor: samples.floor.map(({ totalMs }) => totalMs),
});

const gaps = (samples: Samples, hundredths: number): Figure => {
  const of = (contender: keyof Samples): number =>
    percentile(
      samples[contender].map(({ gapMs }) => gapMs),
      hundredths,
    );
  return { name: `no writer label, p${hundredths}`, unit: "ms", ours: of("ours"), floor: of("floor") };
};

const reportOf = (locks: number, samples: Samples): BenchReport => {
  const { ours, floor } = totals(samples);
  const at = (hundredths: number): { ours: number; floor: number } => ({
    ours: percentile(ours, hundredths),
    floor: percentile(floor, hundredths),
  });
  return {
    bench: "failover",
    scope: `${ours.length} fail-overs each, 3 pods, ${locks} locks on the server`,
    figures: [
      against("total, p50", "ms", at(50), P50_TO_FLOOR),
      against("total, p99", "ms", at(99), P99_TO_FLOOR),
      { name: "total, max", unit: "ms", ...at(100) },
      gaps(samples, 50),
      gaps(samples, 99),
    ],
  };
};

const EMPTY: Samples = { ours: [], floor: [] };

const growthOf = (all: ReadonlyMap<number, Samples>): BenchReport => {
  const p50 = (locks: number): { readonly ours: number; readonly floor: number } => {
    const { ours, floor } = totals(all.get(locks) ?? EMPTY);
    return { ours: percentile(ours, 50), floor: percentile(floor, 50) };
  };
  const [few, ...more] = LOCKS;
  return {
    bench: "failover",
    scope: "what more locks on the server cost",
    comparedWith: `${few} lock`,
    figures: more.flatMap((locks) => [
      against(`total, p50, ${locks} locks`, "ms", { ours: p50(locks).ours, floor: p50(few).ours }, P50_TO_ONE_LOCK),
      { name: `bare client, p50, ${locks} locks`, unit: "ms", ours: p50(locks).floor, floor: p50(few).floor },
    ]),
  };
};

export const runFailover: Bench = (options) =>
  withLab(async (lab) => {
    const race = await startRace(lab);
    const all = new Map<number, Samples>();
    let present = 1;
    /* oxlint-disable no-await-in-loop -- the server fills up step by step */
    for (const locks of LOCKS) {
      const more = groupNames(present, locks);
      options.say(`adding ${more.length} groups`);
      await addSets(lab, more);
      await addLocks(lab, more);
      present = locks;
      all.set(locks, await race.run(options));
    }
    /* oxlint-enable no-await-in-loop */
    return [...[...all].map(([locks, samples]) => reportOf(locks, samples)), growthOf(all)];
  });
