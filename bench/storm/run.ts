/**
 * Many writers lost at once: how long until each group has a new one, beside a bare client behind the same source that sends the
 * same requests as fast as the server takes them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ROLES } from "../../functions/election/labels.ts";
import { whileAlive } from "../lab/contender.ts";
import { addGroups } from "../lab/groups.ts";
import { untilLeader } from "../lab/hand-over.ts";
import { groupNames, stepsTo, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { inParallel } from "../lab/parallel.ts";
import { startStopwatch } from "../lab/stopwatch.ts";
import { against, type Bench, type BenchReport, type Figure } from "../report.ts";
import { median, percentile, shuffled } from "../statistics.ts";
import { startFloor, startOurs, type Standing } from "./standing.ts";

const TO_FLOOR = 1.5;
/** A burst before the one that counts: compiled code and open connections are no part of the comparison. */
const WARM_UP_WRITERS = 50;
/** Connections over which the burst itself is written. */
const WRITTEN_AT_ONCE = 32;
/** For status writes and Events, and for what the controller-manager does about pods that are Ready again. */
const restMs = 2_000;

const CONTENDERS = ["ours", "floor"] as const;
type Contender = (typeof CONTENDERS)[number];

interface Burst {
  /** From the first request of the burst to its last acknowledged `Ready=False`. */
  readonly writtenMs: number;
  /** From the last acknowledged `Ready=False` to each new writer label, ascending; below zero: it came before. */
  readonly replacedMs: readonly number[];
  /** API requests per fail-over. */
  readonly requests: number;
  /** CPU time of the contender per fail-over. */
  readonly cpuMs: number;
}

const burst = async (lab: OpenLab, groups: readonly GroupName[], standing: Standing): Promise<Burst> => {
  const { kubelet, kubeConfig } = lab;
  const ending = new AbortController();
  try {
    const watch = await startStopwatch(kubeConfig, { namespace: undefined, names: ROLES }, ending.signal);
    const losses = await Promise.all(
      groups.map(async (group) => {
        const old = await untilLeader(watch, group);
        return { namespace: group.namespace, old, group };
      }),
    );
    const promotions = losses.map(({ group, old }) => watch.promoted(group, old));
    const [requestsBefore, cpuBefore] = [await standing.requests(), await standing.cpuMs()];
    const begun = performance.now();
    const [acknowledged, changes] = await Promise.all([
      inParallel(losses, WRITTEN_AT_ONCE, ({ namespace, old }) => kubelet.setReady(namespace, old, false)).then(() =>
        performance.now(),
      ),
      Promise.all(promotions),
    ]);
    await sleep(restMs);
    const requests = ((await standing.requests()) - requestsBefore) / groups.length;
    const cpuMs = ((await standing.cpuMs()) - cpuBefore) / groups.length;
    await inParallel(losses, WRITTEN_AT_ONCE, ({ namespace, old }) => kubelet.setReady(namespace, old, true));
    await sleep(restMs);
    const replacedMs = changes.map(({ at }) => at - acknowledged).toSorted((left, right) => left - right);
    return { writtenMs: acknowledged - begun, replacedMs, requests, cpuMs };
  } finally {
    ending.abort();
  }
};

const reportOf = (writers: number, bursts: Readonly<Record<Contender, readonly Burst[]>>): BenchReport => {
  const both = (of: (one: Burst) => number): { readonly ours: number; readonly floor: number } => ({
    ours: median(bursts.ours.map(of)),
    floor: median(bursts.floor.map(of)),
  });
  const replaced = (hundredths: number): ReturnType<typeof both> =>
    both(({ replacedMs }) => percentile(replacedMs, hundredths));
  const plain = (name: string, values: ReturnType<typeof both>): Figure => ({ name, unit: "ms", ...values });
  return {
    bench: "storm",
    scope: `${writers} writers lost at once, median of ${bursts.ours.length} bursts`,
    figures: [
      plain(
        "the burst itself",
        both(({ writtenMs }) => writtenMs),
      ),
      plain("median writer replaced", replaced(50)),
      against("last writer replaced", "ms", replaced(100), TO_FLOOR),
      { name: "API requests per fail-over", unit: "", ...both(({ requests }) => requests) },
      { name: "CPU per fail-over", unit: "ms", ...both(({ cpuMs }) => cpuMs) },
    ],
    notes: ["Times count from the last acknowledged Ready=False of the burst."],
  };
};

const START: Readonly<Record<Contender, (lab: OpenLab) => Promise<Standing>>> = { ours: startOurs, floor: startFloor };

export const runStorm: Bench = ({ runs, groups, say }) =>
  withLab(async (lab) => {
    const reports: BenchReport[] = [];
    /* oxlint-disable no-await-in-loop -- one contender at a time, on groups that the function has elected */
    for (const { count: writers, added } of stepsTo(groups)) {
      const electing = await startOurs(lab);
      await addGroups(lab, added, say);
      await electing.stop();
      const bursts: Record<Contender, Burst[]> = { ours: [], floor: [] };
      for (let round = 1; round <= runs; round += 1) {
        for (const contender of shuffled(CONTENDERS)) {
          const standing = await START[contender](lab);
          const bursting = async (): Promise<Burst> => {
            await burst(lab, groupNames(0, Math.min(writers, WARM_UP_WRITERS)), standing);
            return burst(lab, groupNames(0, writers), standing);
          };
          const result = await whileAlive(standing.process, bursting());
          await standing.stop();
          bursts[contender].push(result);
          say(`${contender}: last of ${writers} replaced after ${result.replacedMs.at(-1)?.toFixed(0)} ms`);
        }
      }
      reports.push(reportOf(writers, bursts));
    }
    /* oxlint-enable no-await-in-loop */
    return reports;
  });
