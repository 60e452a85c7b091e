/** Who stands behind the source in a storm, and how many API requests it has sent. */
import { setTimeout as sleep } from "node:timers/promises";
import { API_REQUESTS } from "../../functions/kit/host/metric-list.ts";
import type { Adapter } from "../../infra/lab/adapters.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { poll } from "../../infra/lab/poll.ts";
import { freePort } from "../../infra/lab/ports.ts";
import type { LabProcess } from "../../infra/lab/processes.ts";
import { startScript, startServed, startSource } from "../lab/contender.ts";
import { cpuMsOf } from "../process.ts";
import { sumOf } from "../lab/metric.ts";

export interface Standing {
  readonly process: LabProcess;
  /** API requests so far. */
  requests(): Promise<number>;
  /** CPU time so far. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

/** At rest: no request for so long. The first sweep finds what another contender left behind. */
const quietMs = 1_000;
const pollMs = 50;
const deadlineMs = 20_000;

const standing = (process: LabProcess, source: Adapter, url: string): Standing => ({
  process,
  requests: async () => {
    const text = await (await fetch(new URL("metrics", url))).text();
    return sumOf(text, API_REQUESTS.name);
  },
  cpuMs: () => cpuMsOf(process.pid),
  stop: async () => {
    await source.stop();
    process.kill("SIGTERM");
    await process.exited;
  },
});

/** Resolves once the function has nothing left to do from its first sweep. */
export const startOurs = async (lab: Lab): Promise<Standing> => {
  const { process, source, url } = await startServed(lab);
  const ours = standing(process, source, url);
  for (let before = -1, now = await ours.requests(); now !== before;) {
    /* oxlint-disable no-await-in-loop -- looks again until nothing has changed */
    await sleep(quietMs);
    [before, now] = [now, await ours.requests()];
    /* oxlint-enable no-await-in-loop */
  }
  return ours;
};

export const startFloor = async (lab: Lab): Promise<Standing> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const process = startScript(lab, "storm/floor.ts", { BENCH_PORT: String(port) });
  await poll(() => fetch(url).catch(() => undefined), {
    what: `${process.name} (log: ${process.logFile})`,
    everyMs: pollMs,
    deadlineMs,
  });
  return standing(process, await startSource(lab, url), url);
};
