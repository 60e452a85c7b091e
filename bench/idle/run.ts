/**
 * What a cluster at rest costs: the requests of some ticks, counted at a gate between the function and the API server, with few groups and with
 * many of all three features. The ticks come from the real PingSource adapter. Checkers ask applications that are processes; what
 * they are asked over gRPC is no request to the API server.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { listRequest } from "../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../functions/roles/labels.ts";
import { succeed } from "../../infra/lab/api.ts";
import { startApiGate, type ApiGate, type GatedRequest } from "../../infra/lab/api-gate.ts";
import { startPingAdapter } from "../../infra/lab/ping-adapter.ts";
import { addCheckers, roleAppAddresses, startRoleApps } from "../lab/checkers.ts";
import { startServed } from "../lab/contender.ts";
import { addLocks, addSets } from "../lab/groups.ts";
import { groupNames, stepsTo, type GroupName } from "../lab/names.ts";
import { withLab, type OpenLab } from "../lab/open.ts";
import { inParallel } from "../lab/parallel.ts";
import { addServices } from "../lab/services.ts";
import { atMost, none, type Bench, type BenchOptions, type BenchReport, type Figure } from "../report.ts";
import { renewalsDue, writesAtRest } from "./count.ts";

const TICK_SECONDS = 10;
/** Those of locks and Services have 30 s, those of checkers 40 s; both are renewed by every second tick. */
const LEASE_SECONDS = 30;
const READS_PER_TICK_MAX = 30;
/** The first renewals after an election, and runs that find nothing to do. */
const SETTLE_TICKS = 3;
/** Longer than the bench: after a first asking nobody is asked. */
const SELDOM_SECONDS = 3600;
const WRITTEN_AT_ONCE = 16;

/** One of each kind in turn. A Service in route mode has no Lease: its EndpointSlice is the record. */
const KINDS = ["lock", "checker", "label", "route"] as const;
type Kind = (typeof KINDS)[number];
const KINDS_WITH_LEASE = 3;

const ASKED = "all asked on every tick";
const UNASKED = "no asking due";

const tickMs = TICK_SECONDS * 1000;

interface Window {
  /** Groups of each kind. */
  readonly each: number;
  readonly ticks: number;
  /** On every tick; else no asking is due. */
  readonly asked: boolean;
  /** Of the API server. */
  readonly requests: readonly GatedRequest[];
  /** gRPC calls to applications. */
  readonly calls: number;
}

/** An application that does not answer in time is reported: that depends on the machine. */
const otherWrites = (asked: boolean, others: number): Figure =>
  asked ? atMost("other writes", "", others, 0) : none("other writes", others);

const reportOf = ({ each, ticks, asked, requests, calls }: Window): BenchReport => {
  const due = renewalsDue({
    windowSeconds: ticks * TICK_SECONDS,
    leaseSeconds: LEASE_SECONDS,
    tickSeconds: TICK_SECONDS,
  });
  const writes = writesAtRest(requests);
  const silent = Math.max(0, KINDS_WITH_LEASE * each - writes.renewals.size);
  const perLease = [...writes.renewals.values(), ...Array.from({ length: silent }, () => 0)];
  const [least, most] = [Math.min(...perLease), Math.max(...perLease)];
  const within = (name: string, ours: number): Figure => ({
    name,
    unit: "",
    ours,
    floor: due,
    target: `${due} +-1`,
    met: Math.abs(ours - due) <= 1,
  });
  return {
    bench: "idle",
    scope: `${totalOf(each)} groups, ${asked ? ASKED : UNASKED}, ${ticks} x ${TICK_SECONDS} s`,
    comparedWith: "due",
    figures: [
      within("renewals per Lease, fewest", least),
      within("renewals per Lease, most", most),
      otherWrites(asked, writes.others.length),
      atMost("reads per tick", "", writes.reads / ticks, READS_PER_TICK_MAX),
      { name: "pods asked per tick", unit: "", ours: calls / ticks },
    ],
    notes: [
      `${each} of each: locks, checkers, Services in label mode, Services in route mode; 3 pods each`,
      "gRPC calls are no reads; an asking has its record and pods read before",
      ...(writes.others.length > 0 ? [`other writes: ${[...new Set(writes.others)].join(", ")}`] : []),
    ],
  };
};

const ofKind = (groups: readonly GroupName[], kind: Kind): readonly GroupName[] =>
  groups.filter((_, index) => KINDS[index % KINDS.length] === kind);

const totalOf = (each: number): number => KINDS.length * each;

/** Of all that there will be. */
const checkersOf = (counts: readonly number[]): readonly GroupName[] =>
  ofKind(groupNames(0, totalOf(counts.at(-1) ?? 0)), "checker");

const add = async (lab: OpenLab, groups: readonly GroupName[], rpcPort: number): Promise<void> => {
  await addSets(lab, groups);
  await Promise.all([
    addLocks(lab, ofKind(groups, "lock")),
    addCheckers(lab, ofKind(groups, "checker"), { rpcPort, localDev: false, intervalSeconds: SELDOM_SECONDS }),
    addServices(lab, ofKind(groups, "label"), "label"),
    addServices(lab, ofKind(groups, "route"), "route"),
  ]);
};

/** From now on the applications are asked on every tick, which is the default. */
const askOften = async ({ api }: OpenLab, checkers: readonly GroupName[]): Promise<void> => {
  const options = {
    body: { spec: { intervalSeconds: TICK_SECONDS } },
    contentType: "application/merge-patch+json",
  };
  await inParallel(checkers, WRITTEN_AT_ONCE, ({ namespace, name }) =>
    succeed(api, "PATCH", `${listRequest(CHECKERS, { namespace }).path}/${name}`, options),
  );
};

const measure = async (
  lab: OpenLab,
  gate: ApiGate,
  { runs: ticks, groups: counts, say }: BenchOptions,
): Promise<readonly BenchReport[]> => {
  const { url } = await startServed(lab, { server: gate.url });
  const apps = await startRoleApps(lab);
  const ping = await startPingAdapter(lab);
  const schedule = `*/${TICK_SECONDS} * * * * *`;
  await ping.createPingSource({ namespace: "default", name: "tick", schedule, sink: url });
  const reports: BenchReport[] = [];
  const observe = async (groups: number, asked: boolean): Promise<void> => {
    await sleep(SETTLE_TICKS * tickMs);
    say(`counting for ${ticks * TICK_SECONDS} s: ${asked ? ASKED : UNASKED}`);
    const [begin, before] = [gate.requests.length, await apps.asked()];
    await sleep(ticks * tickMs);
    const [requests, calls] = [gate.requests.slice(begin), (await apps.asked()) - before];
    reports.push(reportOf({ each: groups / KINDS.length, ticks, asked, requests, calls }));
  };
  for (const { count, added } of stepsTo(counts.map(totalOf))) {
    /* oxlint-disable no-await-in-loop -- the server fills up step by step */
    say(`adding ${added.length} groups`);
    await add(lab, added, apps.port);
    await observe(count, false);
    /* oxlint-enable no-await-in-loop */
  }
  await askOften(lab, checkersOf(counts));
  await observe(totalOf(counts.at(-1) ?? 0), true);
  await ping.stop();
  return reports;
};

/** A run is one tick of each window. */
export const runIdle: Bench = (options) => {
  const asked = new Set(checkersOf(options.groups).map(({ name }) => name));
  return withLab(
    async (lab) => {
      const gate = await startApiGate(lab.plane);
      try {
        return await measure(lab, gate, options);
      } finally {
        gate.close();
      }
    },
    roleAppAddresses((set) => asked.has(set)),
  );
};
