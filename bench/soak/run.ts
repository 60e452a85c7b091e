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
import type { Observation } from "../../infra/observe/report.ts";
import { startSource } from "../lab/contender.ts";
import { addLocks, addSets } from "../lab/groups.ts";
import { groupNames } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { atMost, type Bench, type BenchReport } from "../report.ts";
import { AS_SHIPPED } from "../shipped.ts";
import { churn } from "./churn.ts";
import { growth, recordVitals, type Vitals } from "./vitals.ts";

const GROUPS = 500;
const CHURN_PER_MINUTE = 0.05 * GROUPS;
const TICK_SECONDS = 10;
/** Two ticks and the time of a fail-over: whatever was lost is found by then. */
const SETTLE_MS = 25_000;

const groups = groupNames(0, GROUPS);
const LABEL = `${ROLES.roleLabel}=${ROLES.leader}`;

/** Groups that have not exactly one writer. */
const unsettled = async ({ transport }: OpenLab): Promise<number> => {
  const listing = await listAll(transport.send, PODS, { labelSelector: LABEL });
  if (!listing.ok) throw new Error("the writers cannot be listed");
  const writers = Map.groupBy(listing.items, ({ metadata }) => metadata.labels?.["app"]);
  return groups.filter(({ name }) => writers.get(name)?.length !== 1).length;
};

const reportOf = (
  minutes: number,
  vitals: readonly Vitals[],
  found: { readonly observation: Observation; readonly unsettled: number },
): BenchReport => {
  const { violations, gaps, promotions } = found.observation.verdict;
  return {
    bench: "soak",
    scope: `${GROUPS} groups of 3 pods, ${CHURN_PER_MINUTE} of them disturbed a minute, ${minutes} minutes`,
    comparedWith: "before",
    figures: [
      ...growth(vitals),
      atMost("violations of the invariants", "", violations.length, 0),
      atMost("groups without exactly one writer at the end", "", found.unsettled, 0),
      { name: "promotions", unit: "", ours: promotions },
      { name: "gaps of the observation", unit: "", ours: gaps.length },
    ],
    notes: ["the last third of the samples beside the third before it", "heap bounded as in the shipped deployment"],
  };
};

/** A run is one minute. */
export const runSoak: Bench = ({ runs, say }) =>
  withLab(async (lab) => {
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
      say(`adding ${GROUPS} groups`);
      await addSets(lab, groups);
      await addLocks(lab, groups);
      say(`disturbing them for ${runs} minutes`);
      const measuring = new AbortController();
      const recorded = recordVitals(instance.process.pid, measuring.signal);
      await churn(lab, { groups, perMinute: CHURN_PER_MINUTE, minutes: runs });
      measuring.abort();
      const vitals = await recorded;
      await sleep(SETTLE_MS);
      const left = await unsettled(lab);
      ending.abort();
      return [reportOf(runs, vitals, { observation: await observed, unsettled: left })];
    } finally {
      ending.abort();
    }
  });
