/**
 * What a cluster at rest costs: the requests of some ticks, counted at a gate between the function and the API server, with one
 * lock and with many. The ticks come from the real PingSource adapter.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startApiGate, type ApiGate, type GatedRequest } from "../../infra/lab/api-gate.ts";
import { startPingAdapter } from "../../infra/lab/ping-adapter.ts";
import { startServed } from "../lab/contender.ts";
import { addGroups } from "../lab/groups.ts";
import { stepsTo } from "../lab/names.ts";
import { withLab } from "../lab/open.ts";
import { atMost, counted, none, type Bench, type BenchReport } from "../report.ts";
import { renewalsDue, writesAtRest } from "./count.ts";

const TICK_SECONDS = 10;
const LEASE_SECONDS = 30;
const READS_PER_TICK_MAX = 30;
/** The first renewals after an election, and runs that find nothing to do. */
const SETTLE_TICKS = 3;

const tickMs = TICK_SECONDS * 1000;

const reportOf = (locks: number, ticks: number, requests: readonly GatedRequest[]): BenchReport => {
  const due = renewalsDue({
    windowSeconds: ticks * TICK_SECONDS,
    leaseSeconds: LEASE_SECONDS,
    tickSeconds: TICK_SECONDS,
  });
  const writes = writesAtRest(requests);
  const perLock = [...writes.renewals.values(), ...Array.from({ length: locks - writes.renewals.size }, () => 0)];
  const [least, most] = [Math.min(...perLock), Math.max(...perLock)];
  const within = (name: string, ours: number): BenchReport["figures"][number] => ({
    name,
    unit: "",
    ours,
    floor: due,
    target: `${due} +-1`,
    met: Math.abs(ours - due) <= 1,
  });
  return {
    bench: "idle",
    scope: `${counted(locks, "lock")}, ${counted(ticks, "tick")} of ${TICK_SECONDS} s, Leases of ${LEASE_SECONDS} s`,
    comparedWith: "due",
    figures: [
      within("renewals per lock, fewest", least),
      within("renewals per lock, most", most),
      none("other writes", writes.others),
      atMost("reads per tick", "", writes.reads / ticks, READS_PER_TICK_MAX),
    ],
  };
};

const observe = async (gate: ApiGate, ticks: number): Promise<readonly GatedRequest[]> => {
  const begin = gate.requests.length;
  await sleep(ticks * tickMs);
  return gate.requests.slice(begin);
};

/** A run is one tick of the window. */
export const runIdle: Bench = ({ runs, groups, say }) =>
  withLab(async (lab) => {
    const gate = await startApiGate(lab.plane);
    try {
      const { url } = await startServed(lab, { server: gate.url });
      const ping = await startPingAdapter(lab);
      await ping.createPingSource({
        namespace: "default",
        name: "tick",
        schedule: `*/${TICK_SECONDS} * * * * *`,
        sink: url,
      });
      const reports: BenchReport[] = [];
      /* oxlint-disable no-await-in-loop -- the server fills up step by step */
      for (const { count, added } of stepsTo(groups)) {
        await addGroups(lab, added, say);
        await sleep(SETTLE_TICKS * tickMs);
        say(`counting for ${runs * TICK_SECONDS} s`);
        reports.push(reportOf(count, runs, await observe(gate, runs)));
      }
      /* oxlint-enable no-await-in-loop */
      await ping.stop();
      return reports;
    } finally {
      gate.close();
    }
  });
