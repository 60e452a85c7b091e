/**
 * From an application's claim to the label of its pod on a real control plane, beside a bare client that asks the same three applications. They
 * are processes that speak notification.v1; each claim is posted as they post it, here by a sidecar, so that its moment is known. No tick comes.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ROLES } from "../../functions/roles/labels.ts";
import { poll } from "../../infra/lab/poll.ts";
import { freePort } from "../../infra/lab/ports.ts";
import type { LabProcess } from "../../infra/lab/processes.ts";
import { claimRole } from "../../infra/lab/role-app-claim.ts";
import { addSetsApart, allBut } from "../lab/apart.ts";
import { addCheckers, nextPod, roleAppAddresses, startRoleApps, type RoleApps } from "../lab/checkers.ts";
import { startScript, startServed, whileAlive } from "../lab/contender.ts";
import { addSets } from "../lab/groups.ts";
import { handOver, restMs, untilLeader, type HandOver } from "../lab/hand-over.ts";
import { groupNames, stepsTo, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { beside, inTurn, settle, warmUp, type Pair } from "../lab/rounds.ts";
import { startStopwatch, type Stopwatch } from "../lab/stopwatch.ts";
import { atMost, counted, type Bench, type BenchReport, type Figure } from "../report.ts";

const P50_MS_MAX = 50;
/** Longer than the bench: only a claim has the pods asked. */
const INTERVAL_SECONDS = 3600;
const FLOOR: GroupName = { namespace: "floor", name: "floor" };
const pollMs = 50;
const deadlineMs = 20_000;

interface Contender {
  readonly group: GroupName;
  /** Where its claims go. */
  readonly sink: string;
  readonly watch: Stopwatch;
}

const claim = async ({ namespace }: GroupName, pod: string, sink: string): Promise<void> => {
  const { status, problem } = await claimRole({ sink, namespace, pod });
  if (status !== 204) throw new Error(`the claim of ${namespace}/${pod} was not taken: ${problem}`);
};

/** Another application leads and says so. Counts from the moment before its claim is posted. */
const move = async ({ group, sink, watch }: Contender, apps: RoleApps): Promise<HandOver> => {
  const old = await untilLeader(watch, group);
  const next = nextPod(group, old);
  await apps.lead(next.ordinal);
  let postedAt = Number.NaN;
  const done = await handOver(watch, { group, old }, () => {
    postedAt = performance.now();
    return claim(group, next.pod, sink);
  });
  if (done.promoted.at < postedAt) throw new Error(`${done.promoted.pod} was labelled before it claimed`);
  await sleep(restMs);
  return { ...done, totalMs: done.promoted.at - postedAt };
};

const reportOf = (samples: Pair<HandOver>, checkers: number): BenchReport => {
  const figures = (name: string, of: (sample: HandOver) => number, hundredths: readonly number[]): readonly Figure[] =>
    hundredths.map((each) => ({
      name: each === 100 ? `${name}, max` : `${name}, p${each}`,
      unit: "ms",
      ...beside(samples, of, each),
    }));
  const { ours, floor } = beside(samples, ({ totalMs }) => totalMs, 50);
  return {
    bench: "failover",
    scope: `${samples.ours.length} claims each, 3 pods, ${counted(checkers, "checker")} on the server`,
    figures: [
      { ...atMost("claim to label, p50", "ms", ours, P50_MS_MAX), floor },
      ...figures("claim to label", ({ totalMs }) => totalMs, [99, 100]),
      ...figures("no pod with the leader's label", ({ gapMs }) => gapMs, [50, 99]),
    ],
    notes: [
      "The target is for an idle machine.",
      "Both ask all three applications, on a connection for each call. The other checkers ask nobody (localDev).",
    ],
  };
};

const startFloor = async (lab: OpenLab, { port }: RoleApps): Promise<{ floor: LabProcess; sink: string }> => {
  await addSetsApart(lab, [FLOOR]);
  const ownPort = await freePort();
  const sink = `http://127.0.0.1:${ownPort}/`;
  const { namespace, name } = FLOOR;
  const env = {
    BENCH_NAMESPACE: namespace,
    BENCH_GROUP: name,
    BENCH_PORT: String(ownPort),
    BENCH_RPC_PORT: String(port),
  };
  const floor = startScript(lab, "roles/floor.ts", env);
  const listens = poll(() => fetch(sink).catch(() => undefined), {
    what: "the bare client",
    everyMs: pollMs,
    deadlineMs,
  });
  await whileAlive(floor, listens);
  await claim(FLOOR, `${name}-0`, sink);
  return { floor, sink };
};

/** A run is one claim to each contender with each number of checkers. */
export const runRolesFailover: Bench = ({ runs, groups, say }) =>
  withLab(
    async (lab) => {
      const { kubeConfig, signal } = lab;
      const served = await startServed(lab, { selector: allBut([FLOOR]) });
      const apps = await startRoleApps(lab);
      const { floor, sink } = await startFloor(lab, apps);
      const [group = FLOOR] = groupNames(0, 1);
      const asked = { rpcPort: apps.port, localDev: false, intervalSeconds: INTERVAL_SECONDS };
      await addSets(lab, [group]);
      await addCheckers(lab, [group], asked);
      const watchOf = ({ namespace }: GroupName): Promise<Stopwatch> =>
        startStopwatch(kubeConfig, { namespace, names: ROLES }, signal);
      const ours = { group, sink: served.url, watch: await watchOf(group) };
      const theirs = { group: FLOOR, sink, watch: await watchOf(FLOOR) };
      const attempts = { ours: () => move(ours, apps), floor: () => move(theirs, apps) };
      const alive = <T>(work: Promise<T>): Promise<T> =>
        [served.process, floor, ...apps.processes].reduce((guarded, one) => whileAlive(one, guarded), work);
      await alive(warmUp(attempts));
      const reports: BenchReport[] = [];
      /* oxlint-disable no-await-in-loop -- the server fills up step by step */
      for (const { count, added } of stepsTo(groups, 1)) {
        say(`adding ${counted(added.length, "checker")}`);
        await addSets(lab, added);
        await addCheckers(lab, added, { ...asked, localDev: true });
        await settle();
        reports.push(reportOf(await alive(inTurn(attempts, { runs, say })), count));
      }
      /* oxlint-enable no-await-in-loop */
      return reports;
    },
    roleAppAddresses(() => true),
  );
