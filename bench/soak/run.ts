/**
 * Hours of a cluster in minutes: hundreds of groups of which some change each minute, the real sources, and the history checker
 * over the whole run. What leaks or drifts shows here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { listAll } from "../../functions/kit/kube/page.ts";
import { PODS } from "../../functions/kit/kube/request.ts";
import { ROLES } from "../../functions/election/labels.ts";
import { startFunction } from "../../infra/lab/function.ts";
import { startPingAdapter } from "../../infra/lab/ping-adapter.ts";
import { observeLive } from "../../infra/observe/live.ts";
import { startSource, whileAlive } from "../lab/contender.ts";
import { addGroups } from "../lab/groups.ts";
import { groupNames, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { counted, type Bench, type BenchReport } from "../report.ts";
import { AS_SHIPPED } from "../shipped.ts";
import { churn } from "./churn.ts";
import { findings, type SoakFindings } from "./findings.ts";
import { growth, recordVitals, type Vitals } from "./vitals.ts";

/** Part of the groups that is disturbed each minute. */
const CHURN = 0.05;
const TICK_SECONDS = 10;
/** Two ticks and the time of a fail-over: whatever was lost is found by then. */
const SETTLE_MS = 25_000;

const LABEL = `${ROLES.roleLabel}=${ROLES.leader}`;

/** Groups that have not exactly one writer. */
const unsettled = async ({ transport }: OpenLab, groups: readonly GroupName[]): Promise<number> => {
  const listing = await listAll(transport.send, PODS, { labelSelector: LABEL });
  if (!listing.ok) throw new Error("the writers cannot be listed");
  const writers = Map.groupBy(listing.items, ({ metadata }) => metadata.labels?.["app"]);
  return groups.filter(({ name }) => writers.get(name)?.length !== 1).length;
};

const reportOf = (
  scope: { readonly groups: number; readonly perMinute: number; readonly minutes: number },
  vitals: readonly Vitals[],
  found: SoakFindings,
): BenchReport => {
  const { groups, perMinute, minutes } = scope;
  return {
    bench: "soak",
    scope: `${groups} groups of 3 pods, ${perMinute} of them disturbed a minute, ${counted(minutes, "minute")}`,
    comparedWith: "before",
    figures: [...growth(vitals), ...findings(found)],
    notes: ["the last third of the samples beside the third before it", "heap bounded as in the shipped deployment"],
  };
};

/** A run is one minute. */
export const runSoak: Bench = ({ runs, groups: [count = 0], say }) =>
  withLab(async (lab) => {
    const groups = groupNames(0, count);
    const perMinute = CHURN * count;
    const { plane, kubeConfig } = lab;
    const ending = new AbortController();
    const { signal } = ending;
    const scope = { label: LABEL, groupBy: "statefulset" } as const;
    const observed = observeLive({ kubeConfig, scope, say: () => undefined, signal });
    // Its failure ends the bench at the end, where it is awaited.
    observed.catch(() => undefined);
    try {
      const instance = await startFunction({ plane, env: AS_SHIPPED });
      await startSource(lab, instance.url);
      const ping = await startPingAdapter(lab);
      const schedule = `*/${TICK_SECONDS} * * * * *`;
      await ping.createPingSource({ namespace: "default", name: "tick", schedule, sink: instance.url });
      await addGroups(lab, groups, say);
      say(`disturbing them for ${runs} minutes`);
      const measuring = new AbortController();
      const recorded = recordVitals(instance.process.pid, measuring.signal);
      await whileAlive(instance.process, churn(lab, { groups, perMinute, minutes: runs }));
      measuring.abort();
      const vitals = await recorded;
      await sleep(SETTLE_MS);
      const left = await unsettled(lab, groups);
      ending.abort();
      const { verdict } = await observed;
      return [reportOf({ groups: count, perMinute, minutes: runs }, vitals, { verdict, unsettled: left })];
    } finally {
      ending.abort();
    }
  });
