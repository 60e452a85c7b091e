/** Each bench in its shortest form, through the command line: every table is there, and what must hold holds. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import type { BenchReport } from "../../../bench/report.ts";
import { poll } from "../../../infra/lab/poll.ts";

const cli = join(import.meta.dirname, "../../../bench/cli.ts");
const folder = mkdtempSync(join(tmpdir(), "bellwether-bench-test-"));
const deadlineMs = 300_000;

afterAll(() => rmSync(folder, { recursive: true }));

/** What stands beside our figures in each table; `nothing` where only ours are told. */
const headOf = ({ figures, comparedWith = "floor" }: BenchReport): string =>
  figures.some(({ floor }) => floor !== undefined) ? comparedWith : "nothing";

/** What a reader of the output would miss: a table, or a figure that is no number, which JSON tells as null. */
const missingFrom = (stdout: string, { bench, scope, figures }: BenchReport): readonly string[] => {
  const unusable = figures.filter(({ ours, floor = 0 }) => ![ours, floor].every(Number.isFinite));
  const table = `${bench}: ${scope}`;
  return [
    ...(stdout.includes(`${table}\n`) && figures.length > 0 ? [] : [table]),
    ...unusable.map((figure) => `${table}: ${JSON.stringify(figure)}`),
  ];
};

interface Outcome {
  readonly heads: readonly string[];
  readonly missing: readonly string[];
}

/** Rejects when the bench leaves with another code than 0. */
const measure = async (name: string, args: readonly string[]): Promise<Outcome> => {
  const file = join(folder, `${[name, ...args].join("")}.json`);
  const { stdout } = await promisify(execFile)(process.execPath, [cli, name, ...args, "--json", file]);
  const { reports } = JSON.parse(readFileSync(file, "utf8")) as { reports: readonly BenchReport[] };
  return { heads: reports.map(headOf), missing: reports.flatMap((report) => missingFrom(stdout, report)) };
};

type Short = readonly [name: string, args: readonly string[], heads: readonly string[]];

const SHORTEST: readonly Short[] = [
  // Beginning with the one that waits longest.
  ["idle", ["--runs", "1", "--groups", "1,2"], ["due", "due", "due"]],
  ["soak", ["--runs", "1", "--groups", "40"], ["before"]],
  ["failover", ["--feature", "standby", "--runs", "2", "--groups", "1,2"], ["floor", "floor", "floor", "floor"]],
  ["storm", ["--runs", "1", "--groups", "2,6"], ["floor", "floor"]],
  ["noise", ["--runs", "2"], ["quiet"]],
  ["failover", ["--runs", "2", "--groups", "1,3,6"], ["floor", "floor", "floor", "floor", "1 lock"]],
  ["failover", ["--feature", "roles", "--runs", "2", "--groups", "1,2"], ["floor", "floor"]],
  ["gap", ["--runs", "1"], ["nothing", "nothing"]],
  ["sweep", ["--runs", "1", "--groups", "50"], ["nothing", "no limit", "50"]],
  ["event", ["--runs", "1"], ["faas", "floor", "nothing"]],
  ["cold-start", ["--runs", "1"], ["floor", "floor", "faas", "floor", "no checker"]],
];

describe.concurrent("beside each other, because no figure is judged", () => {
  it.each(SHORTEST)("%s %j", { timeout: deadlineMs }, async (name, args, heads) => {
    expect(await measure(name, args)).toEqual({ heads, missing: [] });
  });
});

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly args: readonly string[];
}

const processes = (): readonly Process[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1];
        const args = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        return [{ pid: Number(name), parent: Number(parent), args }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });

it("a floor that ends fails the bench, and says how", { timeout: deadlineMs }, async () => {
  const bench = spawn(process.execPath, [cli, "failover", "--runs", "1000", "--groups", "1,2,3"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  bench.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const closed = once(bench, "close");
  const floor = await poll(
    async () => processes().find(({ parent, args }) => parent === bench.pid && args[1]?.endsWith("failover/floor.ts")),
    { what: "the bare client", everyMs: 100, deadlineMs: 60_000 },
  );
  process.kill(floor.pid, "SIGKILL");
  expect(await closed).not.toEqual([0, null]);
  expect(said).toMatch(/failover-floor.*ended with SIGKILL/);
});

it.each<[string, readonly string[], string]>([
  ["a bench", ["nothing"], 'bench is "nothing"; accepted: one of those below'],
  ["a feature", ["failover", "--feature", "locks"], '--feature is "locks"; accepted: election, standby, roles'],
  ["a feature where there is one only", ["gap", "--feature", "roles"], "accepted: nothing, there is one gap"],
  ["runs", ["gap", "--runs", "0"], '--runs is "0"; accepted: a whole number from 1 to 100000'],
  ["groups of another number", ["idle", "--groups", "5"], '--groups is "5"; accepted: 2 whole numbers from 1 to'],
  ["groups that do not ascend", ["idle", "--groups", "5,5"], "ascending"],
  ["groups where there are none", ["event", "--groups", "5"], "accepted: nothing, event has no number of groups"],
])("%s that cannot be are refused with what it got and what it accepts", async (_title, args, message) => {
  await expect(promisify(execFile)(process.execPath, [cli, ...args])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(message),
  });
});
