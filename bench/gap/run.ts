/**
 * What a hand-over costs those who write through a Service: how long no pod carries the writer label, how long the Service
 * leads to none that does, and how many writes of a client that writes every 20 ms would fall into that. Nobody writes: the pods of
 * a lab have no network. Reported, because most of it is not ours.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import { listRequest, SERVICES } from "../../functions/kit/kube/request.ts";
import { succeed } from "../../infra/lab/api.ts";
import { startServed } from "../lab/contender.ts";
import { addGroups } from "../lab/groups.ts";
import { handOver, untilLeader } from "../lab/hand-over.ts";
import { groupNames, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { followRoute, type Route } from "../lab/route.ts";
import { startStopwatch, type Stopwatch } from "../lab/stopwatch.ts";
import type { Bench, BenchReport, Figure } from "../report.ts";
import { percentile } from "../statistics.ts";
import { outagesOf, writesInto } from "./outages.ts";

const PORT = 5432;
const WRITE_EVERY_MS = 20;
/** Lets the EndpointSlice controller come to rest: it holds back changes that follow its own too soon. */
const restMs = 1_500;

const KINDS = ["fail-over", "switchover"] as const;
type Kind = (typeof KINDS)[number];

interface Gap {
  /** From the acknowledged cause to the new writer label. */
  readonly totalMs: number;
  readonly labelMs: number;
  readonly serviceMs: number;
  readonly writes: number;
}

interface Scene {
  readonly lab: OpenLab;
  readonly group: GroupName;
  readonly watch: Stopwatch;
  readonly route: Route;
}

/** The Service that clients write through. */
const startRoute = async (lab: OpenLab, { namespace, name: group }: GroupName): Promise<Route> => {
  const name = `${group}-writer`;
  const selector = { app: group, [ROLES.roleLabel]: ROLES.leader };
  const body = { metadata: { name }, spec: { selector, ports: [{ port: PORT }] } };
  await succeed(lab.api, "POST", listRequest(SERVICES, { namespace }).path, { body });
  return followRoute(lab, { namespace, name });
};

const cause = async ({ lab, group }: Scene, kind: Kind, old: string): Promise<void> => {
  const { namespace, name } = group;
  if (kind === "fail-over") {
    await lab.kubelet.setReady(namespace, old, false);
    return;
  }
  const next = old === `${name}-0` ? `${name}-1` : `${name}-0`;
  const body = { metadata: { annotations: { [SWITCHOVER_ANNOTATION]: next } } };
  const options = { body, contentType: "application/merge-patch+json" };
  await succeed(lab.api, "PATCH", `${listRequest(LOCKS, { namespace }).path}/${name}`, options);
};

const measure = async (scene: Scene, kind: Kind): Promise<Gap> => {
  const { lab, group, watch, route } = scene;
  const old = await untilLeader(watch, group);
  await route.leadsTo((pod) => pod === old);
  await sleep(restMs);
  const seen = route.routings.length;
  const { totalMs, gapMs, fenced, promoted } = await handOver(watch, { group, old }, () => cause(scene, kind, old));
  await route.leadsTo((pod) => pod === promoted.pod);
  const labels = [
    { at: fenced.at, writer: undefined },
    { at: promoted.at, writer: promoted.pod },
  ];
  const changes = [...route.routings.slice(seen), ...labels];
  const outages = outagesOf({ ready: [old], writer: old }, changes, performance.now());
  if (kind === "fail-over") await lab.kubelet.setReady(group.namespace, old, true);
  return {
    totalMs,
    labelMs: gapMs,
    serviceMs: outages.reduce((sum, outage) => sum + outage.end - outage.begin, 0),
    writes: writesInto(outages, WRITE_EVERY_MS),
  };
};

const reportOf = (kind: Kind, gaps: readonly Gap[]): BenchReport => {
  const figures = (name: string, unit: string, field: keyof Gap): readonly Figure[] =>
    [50, 99].map((hundredths) => ({
      name: `${name}, p${hundredths}`,
      unit,
      ours: percentile(
        gaps.map((gap) => gap[field]),
        hundredths,
      ),
    }));
  return {
    bench: "gap",
    scope: `${gaps.length} hand-overs by ${kind}`,
    figures: [
      ...figures("cause to new writer label", "ms", "totalMs"),
      ...figures("no pod with the writer label", "ms", "labelMs"),
      ...figures("Service not leading to a writer", "ms", "serviceMs"),
      ...figures(`writes that would find no writer, one each ${WRITE_EVERY_MS} ms`, "", "writes"),
    ],
    notes: [
      "The Service leads where the EndpointSlices of the real controller-manager say; kube-proxy is no part of it.",
      "Writes are computed from those times: the pods of a lab have no address that a client could write to.",
      "A Service that leads to a pod whose writer label is gone counts as not leading to a writer.",
    ],
  };
};

export const runGap: Bench = ({ runs, say }) =>
  withLab(async (lab) => {
    await startServed(lab);
    const [group = { namespace: "", name: "" }] = groupNames(0, 1);
    await addGroups(lab, [group], say);
    const watch = await startStopwatch(lab.kubeConfig, { namespace: group.namespace, names: ROLES }, lab.signal);
    const scene = { lab, group, watch, route: await startRoute(lab, group) };
    const gaps: Record<Kind, Gap[]> = { "fail-over": [], switchover: [] };
    for (let round = 1; round <= runs; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one hand-over at a time
      for (const kind of KINDS) gaps[kind].push(await measure(scene, kind));
      say(`${round} of ${runs} rounds`);
    }
    return KINDS.map((kind) => reportOf(kind, gaps[kind]));
  });
