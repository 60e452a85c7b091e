/** What the sweep makes of all checkers: which need a run, which a renewal or a question, and which groups no checker stands for. */
import type { Io } from "../kit/context.ts";
import type { SweepOutcome } from "../kit/feature.ts";
import { orphanedGroups } from "../kit/group/orphans.ts";
import { listEnrolled, listOwners, listRecords, listSets, sweep, type Swept } from "../kit/group/sweep.ts";
import type { Renewal } from "../kit/group/renew.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { keyText, orphanText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { viewSet } from "../kit/pods/stateful-set.ts";
import type { Reach } from "./admit.ts";
import { CHECKERS, ROLES } from "./labels.ts";
import type { CheckerHint } from "./load.ts";
import type { RolesMemory } from "./memory.ts";
import { forgetSeries, LEADER_KNOWN, seriesOf } from "./metrics.ts";
import { leaseSecondsFor, ownerOf, viewChecker, type CheckerView } from "./model.ts";
import { needOf, type Need } from "./need.ts";
import { servedGroups, staleRecords } from "./orphans.ts";
import { ASK_PREFIX } from "./resting.ts";

interface Snapshot {
  readonly checkers: readonly CheckerView[];
  readonly sets: readonly KubeObject[];
  readonly leases: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

interface Sweeping {
  readonly memory: RolesMemory;
  readonly reach: Reach;
}

const read = async (io: Io): Promise<Snapshot> => {
  const now = io.context.clock.serverNow();
  const [checkers, sets, leases] = await Promise.all([
    listOwners(io, CHECKERS),
    listSets(io),
    listRecords(io, ROLES.feature),
  ]);
  // Records before pods, as in a run.
  const pods = await listEnrolled(io, ROLES.feature);
  return { checkers: checkers.map((checker) => viewChecker(checker, now)), sets, leases, pods: mergeByUid(pods) };
};

const byKey = (objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> =>
  new Map(objects.map((object) => [keyText(object.metadata), object]));

const setKeyOf = ({ setNamespace: namespace, statefulSetName: name }: CheckerView): string =>
  keyText({ namespace, name });

const needs = (
  { context }: Io,
  { checkers, sets, leases, pods }: Snapshot,
  { memory, reach }: Sweeping,
): readonly (readonly [CheckerView, Need])[] => {
  const [setsByKey, leasesByKey] = [byKey(sets), byKey(leases)];
  const podsByGroup = Map.groupBy(pods, ({ metadata }) => metadata.labels?.[enrolmentLabel(ROLES.feature)]);
  const checkersBySet = Map.groupBy(checkers, setKeyOf);
  const common = { reach, now: context.clock.serverNow(), tickSeconds: context.tickSeconds };
  return checkers.map((checker) => {
    const set = setsByKey.get(setKeyOf(checker));
    const swept = {
      checker,
      checkers: checkersBySet.get(setKeyOf(checker)) ?? [],
      set,
      lease: leasesByKey.get(keyText({ namespace: checker.setNamespace, name: checker.leaseName })),
      pods: podsByGroup.get(set?.metadata.uid) ?? [],
    };
    const askedAt = memory.askedAt(keyText(checker));
    const sinceAskedMs = askedAt === undefined ? undefined : context.clock.monotonic() - askedAt;
    return [checker, needOf(swept, { ...common, sinceAskedMs })] as const;
  });
};

const rememberedOf = ({ checkers, sets }: Snapshot): ReadonlyMap<string, CheckerHint> => {
  const views = new Map(sets.map((set) => [keyText(set.metadata), viewSet(set)]));
  return new Map(
    checkers.map((checker) => {
      const { statefulSetName, setNamespace, leaseName } = checker;
      return [keyText(checker), { statefulSetName, setNamespace, leaseName, set: views.get(setKeyOf(checker)) }];
    }),
  );
};

const sweptOf = (io: Io, snapshot: Snapshot, sweeping: Sweeping): Swept => {
  const needed = needs(io, snapshot, sweeping);
  const leaseDurationSeconds = leaseSecondsFor(io.context.tickSeconds);
  const runs: string[] = [];
  const renewals = new Map<string, Renewal>();
  for (const [checker, need] of needed) {
    const key = keyText(checker);
    if (need.kind === "run") {
      runs.push(key);
      continue;
    }
    const { resting, renews, asks } = need;
    // What is at rest has a leader; the others say so in their runs.
    io.context.metrics.set(LEADER_KNOWN, seriesOf(checker), 1);
    if (renews) renewals.set(key, { record: resting.record, owner: ownerOf(checker), leaseDurationSeconds });
    if (!asks) continue;
    sweeping.memory.leave(key, resting);
    runs.push(`${ASK_PREFIX}${key}`);
  }
  const served = new Set(servedGroups(snapshot));
  const orphans = orphanedGroups(ROLES.feature, snapshot, ({ group }) => served.has(group));
  const left = [...orphans, ...staleRecords(snapshot)].map(orphanText);
  return { groups: needed.length, runs: [...runs, ...left], renewals };
};

export const sweepCheckers = (
  io: Io,
  sweeping: Sweeping,
  found: (groups: readonly string[]) => void,
): Promise<SweepOutcome> =>
  sweep(
    io,
    {
      read: async (allowed) => {
        const { memory } = sweeping;
        const begun = { mark: memory.mark(), namespaces: allowed.context.namespaces };
        const snapshot = await read(allowed);
        for (const key of memory.replaceAll(rememberedOf(snapshot), begun)) forgetSeries(io.context, key);
        return sweptOf(io, snapshot, sweeping);
      },
      renewed: () => undefined,
    },
    found,
  );
