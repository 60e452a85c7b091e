/** What the sweep makes of all locks: which need a run, which a renewal, and which groups no lock stands for. */
import type { Io } from "../kit/context.ts";
import type { SweepOutcome } from "../kit/feature.ts";
import { orphanedGroups } from "../kit/group/orphans.ts";
import { listEnrolled, listOwners, listRecords, listSets, sweep, type Swept } from "../kit/group/sweep.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { keyOf, keyText, orphanText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { viewSet } from "../kit/pods/stateful-set.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { LockHint } from "./load.ts";
import type { ElectionMemory } from "./memory.ts";
import { forgetSeries, LEADER_INFO, RENEWALS, seriesOf } from "./metrics.ts";
import { ownerOf, viewLock, type LockView } from "./model.ts";
import { needOf, type Need } from "./need.ts";
import { servedGroups, staleRecords } from "./orphans.ts";

interface Snapshot {
  readonly locks: readonly LockView[];
  readonly sets: readonly KubeObject[];
  readonly leases: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

const read = async (io: Io): Promise<Snapshot> => {
  const now = io.context.clock.serverNow();
  const [locks, sets, leases] = await Promise.all([
    listOwners(io, LOCKS),
    listSets(io),
    listRecords(io, ROLES.feature),
  ]);
  // Records before pods, as in a run.
  const pods = await listEnrolled(io, ROLES.feature);
  return { locks: locks.map((lock) => viewLock(lock, now)), sets, leases, pods: mergeByUid(pods) };
};

const byKey = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(objects.map((object) => [keyText(object.metadata), object]));

const needs = (io: Io, { locks, sets, leases, pods }: Snapshot): ReadonlyMap<string, Need> => {
  const time = { now: io.context.clock.serverNow(), tickSeconds: io.context.tickSeconds };
  const [setsByKey, leasesByKey] = [byKey(sets), byKey(leases)];
  const podsByGroup = Map.groupBy(pods, ({ metadata }) => metadata.labels?.[enrolmentLabel(ROLES.feature)]);
  const locksByNamespace = Map.groupBy(locks, ({ namespace }) => namespace);
  return new Map(
    locks.map((lock) => {
      const { namespace, statefulSetName, leaseName } = lock;
      const set = setsByKey.get(keyText({ namespace, name: statefulSetName }));
      const parts = {
        lock,
        locks: locksByNamespace.get(namespace) ?? [],
        set,
        lease: leasesByKey.get(keyText({ namespace, name: leaseName })),
        pods: podsByGroup.get(set?.metadata.uid) ?? [],
      };
      return [keyText(lock), needOf(parts, time)] as const;
    }),
  );
};

const rememberedOf = ({ locks, sets }: Snapshot): ReadonlyMap<string, LockHint> => {
  const views = new Map(sets.map((set) => [keyText(set.metadata), viewSet(set)]));
  return new Map(
    locks.map((lock) => {
      const { statefulSetName, leaseName, namespace } = lock;
      const set = views.get(keyText({ namespace, name: statefulSetName }));
      return [keyText(lock), { statefulSetName, leaseName, set }];
    }),
  );
};

const sweptOf = (io: Io, snapshot: Snapshot): Swept => {
  const { metrics } = io.context;
  const needed = [...needs(io, snapshot)];
  // What is at rest has a writer; the others say so in their runs.
  for (const [key] of needed.filter(([, { kind }]) => kind !== "run")) {
    metrics.set(LEADER_INFO, seriesOf(keyOf(key)), 1);
  }
  const runs = needed.filter(([, { kind }]) => kind === "run").map(([key]) => key);
  const served = new Set(servedGroups(snapshot));
  const orphans = orphanedGroups(ROLES.feature, snapshot, ({ group }) => served.has(group));
  const renewals = needed.flatMap(([key, need]) => {
    if (need.kind !== "renew") return [];
    const { lock, record } = need;
    return [[key, { record, owner: ownerOf(lock), leaseDurationSeconds: lock.leaseDurationSeconds }] as const];
  });
  const left = [...orphans, ...staleRecords(snapshot)].map((orphan) => orphanText(orphan));
  return { groups: needed.length, runs: [...runs, ...left], renewals: new Map(renewals) };
};

export const sweepLocks = (
  io: Io,
  memory: ElectionMemory,
  found: (groups: readonly string[]) => void,
): Promise<SweepOutcome> =>
  sweep(
    io,
    {
      read: async (allowed) => {
        const begun = { mark: memory.mark(), namespaces: allowed.context.namespaces };
        const snapshot = await read(allowed);
        for (const key of memory.replaceAll(rememberedOf(snapshot), begun)) forgetSeries(io.context, key);
        return sweptOf(io, snapshot);
      },
      renewed: (key) => io.context.metrics.count(RENEWALS, seriesOf(keyOf(key))),
    },
    found,
  );
