/**
 * What a cluster at rest costs: the requests of some ticks, counted at a gate between the function and the API server, with one
 * lock and with many. The ticks come from the real PingSource adapter.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { startApiGate, type ApiGate, type GatedRequest } from "../../infra/lab/api-gate.ts";
import { startPingAdapter } from "../../infra/lab/ping-adapter.ts";
import { startServed } from "../lab/contender.ts";
import { addLocks, addSets } from "../lab/groups.ts";
import { groupNames } from "../lab/names.ts";
import { withLab } from "../lab/open.ts";
import { atMost, type Bench, type BenchReport } from "../report.ts";
import { renewalsDue, writesAtRest } from "./count.ts";

const LOCKS = [1, 1000] as const;
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
    scope: `${locks} ${locks === 1 ? "lock" : "locks"}, ${ticks} ticks of ${TICK_SECONDS} s, Leases of ${LEASE_SECONDS} s`,
    comparedWith: "due",
    figures: [
      within("renewals per lock, fewest", least),
      within("renewals per lock, most", most),
      atMost("other writes", "", writes.others, 0),
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
export const runIdle: Bench = ({ runs, say }) =>
  withLab(async (lab) => {
    const gate = await startApiGate(lab.plane);
    try {
      const { url } = await startServed(lab, gate.url);
      const ping = await startPingAdapter(lab);
      await ping.createPingSource({
        namespace: "default",
        name: "tick",
        schedule: `*/${TICK_SECONDS} * * * * *`,
        sink: url,
      });
      const reports: BenchReport[] = [];
      let present = 0;
      /* oxlint-disable no-await-in-loop -- the server fills up step by step */
      for (const locks of LOCKS) {
        const more = groupNames(present, locks);
        say(`adding ${more.length} groups`);
        await addSets(lab, more);
        await addLocks(lab, more);
        present = locks;
        await sleep(SETTLE_TICKS * tickMs);
        say(`counting for ${runs * TICK_SECONDS} s`);
        reports.push(reportOf(locks, runs, await observe(gate, runs)));
      }
      /* oxlint-enable no-await-in-loop */
      await ping.stop();
      return reports;
    } finally {
      gate.close();
    }
  });
