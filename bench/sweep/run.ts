/** A full pass over many groups at rest, on a real API server: what a tick and each cold start begin with. */
import { startFunction } from "../../infra/lab/function.ts";
import { PODS_PER_GROUP } from "../lab/groups.ts";
import { groupNames } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { peakRssMiBOf } from "../process.ts";
import { atMost, type Bench, type BenchReport, type Figure } from "../report.ts";
import { AS_SHIPPED } from "../shipped.ts";
import { median } from "../statistics.ts";
import { cloneGroups } from "./etcd.ts";
import { makeOriginal, ORIGINAL } from "./original.ts";
import { measurePass, type Pass } from "./pass.ts";

const WALL_MS_MAX = 3000;
const REQUESTS_MAX = 40;
const RSS_MIB_MAX = 200;

interface Passes {
  readonly passes: readonly Pass[];
  readonly peakRssMiB: number;
}

/** A process of its own, so that the peak of its memory is that of these groups. */
const measure = async ({ plane }: OpenLab, runs: number, env: Readonly<Record<string, string>>): Promise<Passes> => {
  const instance = await startFunction({ plane, env });
  // Shares the pass of the start, which is not measured: the code is not compiled yet.
  await measurePass(instance);
  const passes: Pass[] = [];
  for (let run = 0; run < runs; run += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one pass at a time
    passes.push(await measurePass(instance));
  }
  const peakRssMiB = await peakRssMiBOf(instance.process.pid);
  instance.process.kill("SIGKILL");
  await instance.process.exited;
  return { passes, peakRssMiB };
};

const medianOf = ({ passes }: Passes, field: keyof Pass): number => median(passes.map((pass) => pass[field]));

const targets = (measured: Passes): readonly Figure[] => [
  atMost("time, median", "ms", medianOf(measured, "wallMs"), WALL_MS_MAX),
  atMost("requests", "", medianOf(measured, "requests"), REQUESTS_MAX),
  atMost("peak RSS", "MiB", measured.peakRssMiB, RSS_MIB_MAX),
  { name: "CPU, median", unit: "ms", ours: medianOf(measured, "cpuMs") },
  { name: "read", unit: "MiB", ours: medianOf(measured, "mibRead") },
];

const beside = (ours: Passes, other: Passes): readonly Figure[] => [
  { name: "time, median", unit: "ms", ours: medianOf(ours, "wallMs"), floor: medianOf(other, "wallMs") },
  { name: "CPU, median", unit: "ms", ours: medianOf(ours, "cpuMs"), floor: medianOf(other, "cpuMs") },
  { name: "requests", unit: "", ours: medianOf(ours, "requests"), floor: medianOf(other, "requests") },
  { name: "read", unit: "MiB", ours: medianOf(ours, "mibRead"), floor: medianOf(other, "mibRead") },
  { name: "peak RSS", unit: "MiB", ours: ours.peakRssMiB, floor: other.peakRssMiB },
];

interface Measured {
  readonly groups: number;
  readonly once: Passes;
  readonly unlimited: Passes;
  readonly twice: Passes;
}

const reportsOf = ({ groups, once, unlimited, twice }: Measured, runs: number): readonly BenchReport[] => [
  {
    bench: "sweep",
    scope: `${groups} groups of ${PODS_PER_GROUP} pods at rest, ${runs} passes`,
    figures: targets(once),
    notes: [
      "on a real API server; the groups are copies of one that was really elected, written to etcd",
      "the time includes the API server's own, on the same cores",
      "heap as Node.js bounds it inside the shipped memory limit of 192 MiB",
    ],
  },
  {
    bench: "sweep",
    scope: "the same beside a function on this machine without a memory limit",
    comparedWith: "no limit",
    figures: beside(once, unlimited),
  },
  {
    bench: "sweep",
    scope: `${2 * groups} groups beside ${groups}: linear is a ratio of 2`,
    comparedWith: `${groups}`,
    figures: beside(twice, once),
  },
];

/** A run is one pass over the groups, and one over twice as many. */
export const runSweep: Bench = ({ runs, groups: [groups = 0], say }) =>
  withLab(async (lab) => {
    const originals = await makeOriginal(lab);
    const fill = (first: number, end: number): Promise<void> => {
      say(`adding groups ${first + 1} to ${end}`);
      return cloneGroups(lab.plane, { originals, from: ORIGINAL, to: groupNames(first, end) });
    };
    await fill(0, groups);
    const once = await measure(lab, runs, AS_SHIPPED);
    const unlimited = await measure(lab, runs, {});
    await fill(groups, 2 * groups);
    const twice = await measure(lab, runs, AS_SHIPPED);
    return reportsOf({ groups, once, unlimited, twice }, runs);
  });
