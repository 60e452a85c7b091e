/**
 * The level-triggered pass over everything: paged LISTs (records before pods), renewals of what is due, and the names of the groups
 * that need more than a renewal. Each instance may do it at any time: it writes nothing but renewals.
 */
import type { SweepOutcome } from "../kit/feature.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { recordSelector, renewalRequest } from "../kit/handover/record.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll, type ListAllOptions } from "../kit/kube/page.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../kit/kube/request.ts";
import { classify, describe } from "../kit/kube/status-class.ts";
import { spread } from "../kit/spread.ts";
import type { Io } from "./conclude.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { LockHint } from "./load.ts";
import { keyText, type ElectionMemory } from "./memory.ts";
import { forgetSeries, LEADER_INFO, RENEWALS } from "./metrics.ts";
import { viewLock, viewSet, type LockView } from "./model.ts";
import { needOf, type Need } from "./need.ts";
import { orphanedGroups, staleRecords } from "./orphans.ts";
import { ownerOf } from "./ports.ts";

/** Names a group that no lock stands for, beside the keys of locks (`<namespace>/<name>`). */
export const ORPHAN_PREFIX = "orphan:";

interface Snapshot {
  readonly locks: readonly LockView[];
  readonly sets: readonly KubeObject[];
  readonly leases: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

/** Ends the sweep: half of what there is would look like groups without pods, or pods without owners. */
class Unreadable extends Error {}

const scopes = (io: Io): readonly (string | undefined)[] =>
  io.context.namespaces.length === 0 ? [undefined] : io.context.namespaces;

const listScope = async (
  io: Io,
  resource: Resource,
  options: Omit<ListAllOptions, "namespace">,
): Promise<readonly KubeObject[]> => {
  const listings = await Promise.all(
    scopes(io).map((namespace) => listAll(io.send, resource, { ...options, namespace })),
  );
  return listings.flatMap((listing) => {
    if (!listing.ok) throw new Unreadable(`list ${resource.plural}: ${describe(listing.response)}`);
    return listing.items;
  });
};

/** Without who wrote what, which is half of an object; only of a Lease it matters here. */
const slim = ({ metadata: whole, spec, status }: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = whole;
  return { metadata, spec, status };
};

/** What tells who leads: pods and their templates are most of what a sweep reads, and thousands are held at once. */
const slimPod = (pod: KubeObject): KubeObject => {
  const { phase, conditions } = (pod.status ?? {}) as Readonly<Record<string, unknown>>;
  return { ...slim(pod), spec: undefined, status: { phase, conditions } };
};

const slimSet = (set: KubeObject): KubeObject => {
  const { replicas, selector } = (set.spec ?? {}) as Readonly<Record<string, unknown>>;
  return { ...slim(set), spec: { replicas, selector } };
};

const read = async (io: Io): Promise<Snapshot> => {
  const now = io.context.clock.serverNow();
  const [locks, sets, leases] = await Promise.all([
    listScope(io, LOCKS, { keep: slim }),
    listScope(io, STATEFUL_SETS, { keep: slimSet }),
    listScope(io, LEASES, { labelSelector: recordSelector(ROLES.feature) }),
  ]);
  // Records before pods, as in a run.
  const pods = await listScope(io, PODS, { labelSelector: enrolmentLabel(ROLES.feature), keep: slimPod });
  return { locks: locks.map((lock) => viewLock(lock, now)), sets, leases, pods: mergeByUid(pods) };
};

const at = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

const needs = (io: Io, { locks, sets, leases, pods }: Snapshot): ReadonlyMap<string, Need> => {
  const time = { now: io.context.clock.serverNow(), tickSeconds: io.context.tickSeconds };
  const setsByName = new Map(sets.map((set) => [at(set), set]));
  const leasesByName = new Map(leases.map((lease) => [at(lease), lease]));
  const podsByGroup = Map.groupBy(pods, ({ metadata }) => metadata.labels?.[enrolmentLabel(ROLES.feature)]);
  const locksByNamespace = Map.groupBy(locks, ({ namespace }) => namespace);
  return new Map(
    locks.map((lock) => {
      const set = setsByName.get(`${lock.namespace}/${lock.statefulSetName}`);
      const parts = {
        lock,
        locks: locksByNamespace.get(lock.namespace) ?? [],
        set,
        lease: leasesByName.get(`${lock.namespace}/${lock.leaseName}`),
        pods: podsByGroup.get(set?.metadata.uid) ?? [],
      };
      return [keyText(lock), needOf(parts, time)] as const;
    }),
  );
};

const rememberedOf = ({ locks, sets }: Snapshot): ReadonlyMap<string, LockHint> => {
  const byName = new Map(sets.map((set) => [at(set), viewSet(set)]));
  return new Map(
    locks.map((lock) => {
      const { statefulSetName, leaseName, namespace } = lock;
      return [keyText(lock), { statefulSetName, leaseName, set: byName.get(`${namespace}/${statefulSetName}`) }];
    }),
  );
};

type Found = (groups: readonly string[]) => void;
type Renewal = Extract<Need, { kind: "renew" }>;

/**
 * A renewal may wait as long as its Lease is kept all the same: for half of what half the duration leaves over after a tick and the
 * cron source's jitter (the rest is for the reads), and never for longer than half a tick.
 */
const windowMs = (renewals: readonly Renewal[], tickSeconds: number): number => {
  const slack = renewals.map(({ lock }) => lock.leaseDurationSeconds * 500 - tickSeconds * 1000 - 500);
  return Math.max(0, Math.min(tickSeconds * 500, ...slack.map((milliseconds) => milliseconds / 2)));
};

/** A renewal that was refused says that the group changed: it is run. One that a server in trouble kept waits for the next tick. */
const renewAll = async (io: Io, renewals: readonly Renewal[], found: Found): Promise<number> => {
  let renewed = 0;
  const { clock, metrics, tickSeconds } = io.context;
  await spread(renewals, { windowMs: windowMs(renewals, tickSeconds), clock }, async ({ lock, record }) => {
    const { leaseDurationSeconds } = lock;
    const about = { owner: ownerOf(lock), leaseDurationSeconds };
    const response = await io.send(renewalRequest(record, about, clock.serverNow()));
    const outcome = classify(response);
    if (outcome !== "ok") {
      if (outcome !== "wait") found([keyText(lock)]);
      return;
    }
    renewed += 1;
    metrics.count(RENEWALS, { namespace: lock.namespace, statefulsetlock: lock.name });
  });
  return renewed;
};

export const sweepLocks = async (io: Io, memory: ElectionMemory, found: Found): Promise<SweepOutcome> => {
  try {
    const begun = memory.mark();
    const snapshot = await read(io);
    for (const key of memory.replaceAll(rememberedOf(snapshot), begun)) forgetSeries(io.context, key);
    const needed = needs(io, snapshot);
    // What is at rest has a writer; the others say so in their runs.
    for (const { namespace, name } of snapshot.locks.filter((lock) => needed.get(keyText(lock))?.kind !== "run")) {
      io.context.metrics.set(LEADER_INFO, { namespace, statefulsetlock: name }, 1);
    }
    const runs = [...needed].filter(([, need]) => need.kind === "run").map(([key]) => key);
    const orphans = [...orphanedGroups(snapshot), ...staleRecords(snapshot)].map(
      ({ namespace, group }) => `${ORPHAN_PREFIX}${namespace}/${group}`,
    );
    found([...runs, ...orphans]);
    const renewals = [...needed.values()].flatMap((need) => (need.kind === "renew" ? [need] : []));
    const renewed = io.context.mode === "observe" ? 0 : await renewAll(io, renewals, found);
    return { kind: "swept", groups: needed.size, renewed };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "failed", reason: error.message };
    throw error;
  }
};
