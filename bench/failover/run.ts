/**
 * Fail-over on a real control plane, with few and with many locks on the server: from the acknowledged `Ready=False` to the
 * writer label of another pod, beside a bare client. No tick comes, so that every sample is the work of an event. The fewest locks
 * are measured once more after the most: else whatever a run gains by being later would count for many locks.
 */
import { addGroups, removeLocks } from "../lab/groups.ts";
import { groupNames, stepsTo } from "../lab/names.ts";
import { withLab } from "../lab/open.ts";
import type { HandOver } from "../lab/hand-over.ts";
import { startRace } from "../lab/race.ts";
import { beside, type Pair } from "../lab/rounds.ts";
import { against, counted, type Bench, type BenchReport, type Figure } from "../report.ts";

const P50_TO_FLOOR = 1.6;
const P99_TO_FLOOR = 2;
const P50_TO_FEWEST = 1.2;

interface Block {
  readonly locks: number;
  /** After more locks have come and gone. */
  readonly again: boolean;
  readonly samples: Pair<HandOver>;
}

const totalMs = (handOver: HandOver): number => handOver.totalMs;
const gapMs = (handOver: HandOver): number => handOver.gapMs;

const reportOf = ({ locks, again, samples }: Block): BenchReport => {
  const gaps = (hundredths: number): Figure => ({
    name: `no writer label, p${hundredths}`,
    unit: "ms",
    ...beside(samples, gapMs, hundredths),
  });
  const server = `${counted(locks, "lock")} on the server${again ? " again" : ""}`;
  return {
    bench: "failover",
    scope: `${samples.ours.length} fail-overs each, 3 pods, ${server}`,
    figures: [
      against("total, p50", "ms", beside(samples, totalMs, 50), P50_TO_FLOOR),
      against("total, p99", "ms", beside(samples, totalMs, 99), P99_TO_FLOOR),
      { name: "total, max", unit: "ms", ...beside(samples, totalMs, 100) },
      gaps(50),
      gaps(99),
    ],
  };
};

const together = (blocks: readonly Block[]): Pair<HandOver> => ({
  ours: blocks.flatMap(({ samples }) => samples.ours),
  floor: blocks.flatMap(({ samples }) => samples.floor),
});

const growthOf = (blocks: readonly Block[]): BenchReport => {
  const fewest = Math.min(...blocks.map(({ locks }) => locks));
  const few = beside(together(blocks.filter(({ locks }) => locks === fewest)), totalMs, 50);
  return {
    bench: "failover",
    scope: "what more locks on the server cost",
    comparedWith: counted(fewest, "lock"),
    figures: blocks
      .filter(({ locks }) => locks !== fewest)
      .flatMap(({ locks, samples }) => {
        const more = beside(samples, totalMs, 50);
        return [
          against(`total, p50, ${locks} locks`, "ms", { ours: more.ours, floor: few.ours }, P50_TO_FEWEST),
          { name: `bare client, p50, ${locks} locks`, unit: "ms", ours: more.floor, floor: few.floor },
        ];
      }),
    notes: [
      `${counted(fewest, "lock")}: the fail-overs before the others came and those after they were removed, together.`,
      "The StatefulSets and pods of removed locks stay; all contenders have been warmed up before the first figure.",
    ],
  };
};

/** A run is one fail-over of each contender with each number of locks, and with the fewest once more. */
export const runFailover: Bench = ({ runs, groups, say }) =>
  withLab(async (lab) => {
    const race = await startRace(lab);
    const blocks: Block[] = [];
    const measure = async (locks: number, again: boolean): Promise<void> => {
      blocks.push({ locks, again, samples: await race.run({ runs, say }) });
    };
    for (const { count, added } of stepsTo(groups, 1)) {
      // oxlint-disable-next-line no-await-in-loop -- the server fills up step by step
      await addGroups(lab, added, say);
      // oxlint-disable-next-line no-await-in-loop
      await measure(count, false);
    }
    const [fewest = 1] = groups;
    const others = groupNames(fewest, groups.at(-1) ?? fewest);
    say(`removing ${others.length} locks`);
    await removeLocks(lab, others);
    await measure(fewest, true);
    return [...blocks.map(reportOf), growthOf(blocks)];
  });
