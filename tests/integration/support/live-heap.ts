/**
 * How much memory a process really holds on to. RSS by itself grows to where V8 finds it worth collecting, and a leak of minutes hides
 * in that; so the space for young objects is kept small, and what is left after a collection is asked for.
 */
import { readFileSync } from "node:fs";
import { setInterval } from "node:timers/promises";
import { poll } from "../../../infra/lab/poll.ts";
import type { LabProcess } from "../../../infra/lab/processes.ts";

const COLLECTIONS = 5;
const apartMs = 200;
const answerDeadlineMs = 10_000;
const MIB = 1024 * 1024;

const SAY_HEAP = `
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
process.on("SIGUSR2", () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write("live heap " + (heapUsed + external) + "\\n");
});
`;

/** For the environment of a process that `liveHeapMib` is to be asked of. */
export const SAYS_HEAP: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--max-semi-space-size=1 --import=data:text/javascript,${encodeURIComponent(SAY_HEAP)}`,
};

export interface Memory {
  /** Of JavaScript and its buffers, right after a collection. */
  readonly heapMib: number;
  readonly rssMib: number;
}

const said = ({ logFile }: LabProcess): readonly string[] =>
  [...readFileSync(logFile, "utf8").matchAll(/^live heap (\d+)$/gm)].map(([, bytes = ""]) => bytes);

export const rssMib = ({ pid }: LabProcess): number => {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
};

const heapOf = async (process: LabProcess): Promise<number> => {
  const before = said(process).length;
  process.kill("SIGUSR2");
  const bytes = await poll(async () => said(process)[before], {
    what: `the heap of ${process.name}`,
    everyMs: 20,
    deadlineMs: answerDeadlineMs,
  });
  return Number(bytes) / MIB;
};

/**
 * Resolves to what is left after collections: the least of several, because what is under way at one moment is no leak.
 * @throws when the process does not answer within 10 s.
 */
export const memoryOf = async (process: LabProcess): Promise<Memory> => {
  const heaps: number[] = [];
  for await (const _ of setInterval(apartMs)) {
    heaps.push(await heapOf(process));
    if (heaps.length === COLLECTIONS) break;
  }
  return { heapMib: Math.min(...heaps), rssMib: rssMib(process) };
};
