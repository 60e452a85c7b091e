/** What the sweep makes of all Services: which groups need a run, which a renewal, and what is left of groups that none stands for. */
import type { Io } from "../kit/context.ts";
import type { SweepOutcome } from "../kit/feature.ts";
import { orphanedGroups } from "../kit/group/orphans.ts";
import { listEnrolled, listOwners, listRecords, listWith, sweep, type Swept } from "../kit/group/sweep.ts";
import { mergeByUid } from "../kit/handover/merge.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { SERVICES } from "../kit/kube/request.ts";
import { standingGroups, type Standing } from "./decide.ts";
import { groupKey, isOfRouteMode, keysOfService, routeKey, serviceKey } from "./keys.ts";
import { ROLES } from "./labels.ts";
import { hintOf, routeHintOf, type StandbyHint, type StandbyMemory } from "./memory.ts";
import { ACTIVE_INFO, forgetSeries, RENEWALS, seriesOf } from "./metrics.ts";
import { isFormer, leaseNameOf, viewService, type ServiceView } from "./model.ts";
import { needOf, type Need } from "./need.ts";
import { recordSpecOf } from "./ports.ts";
import type { RouteMode, RouteSwept } from "./route-mode.ts";
import type { Said } from "./said.ts";

export interface Sweeping {
  readonly memory: StandbyMemory;
  readonly said: Said;
  readonly route: RouteMode;
}

interface Snapshot {
  readonly services: readonly ServiceView[];
  readonly groups: readonly Standing[];
  readonly leases: readonly KubeObject[];
  /** Enrolled, or with the label. */
  readonly pods: readonly KubeObject[];
  readonly routed: RouteSwept;
}

/** It asks for something, or something of ours is on it: most Services of a cluster are neither. */
const isOfInterest = (service: ServiceView): boolean =>
  service.mode !== "none" || service.problem !== undefined || service.isKept || service.isRouted;

const read = async (io: Io, route: RouteMode): Promise<Snapshot> => {
  const reading = listOwners(io, SERVICES).then((all) => all.map(viewService).filter(isOfInterest));
  const [services, leases, routed] = await Promise.all([
    reading,
    listRecords(io, ROLES.feature),
    route.sweep(io, reading),
  ]);
  // Records before pods, as in a run.
  const pods = await Promise.all([listEnrolled(io, ROLES.feature), listWith(io, ROLES.roleLabel)]);
  const groups = [...Map.groupBy(services, ({ namespace }) => namespace).values()].flatMap(standingGroups);
  return { services, groups, leases, pods: mergeByUid(...pods), routed };
};

const needs = (io: Io, { groups, leases, pods }: Snapshot): ReadonlyMap<Standing, Need> => {
  const now = io.context.clock.serverNow();
  const leasesByKey = new Map(leases.map((lease) => [keyText(lease.metadata), lease]));
  const enrolled = enrolmentLabel(ROLES.feature);
  const podsByGroup = Map.groupBy(pods, ({ metadata: { namespace = "", labels } }) =>
    keyText({ namespace, name: labels?.[enrolled] ?? "" }),
  );
  const groupsByNamespace = Map.groupBy(groups, ({ owners: [{ namespace }] }) => namespace);
  return new Map(
    groups.map((standing) => {
      const { namespace } = standing.owners[0];
      const parts = {
        standing,
        groups: groupsByNamespace.get(namespace) ?? [],
        lease: leasesByKey.get(keyText({ namespace, name: leaseNameOf(standing.group) })),
        pods: [groupKey(standing), keyText({ namespace, name: "" })].flatMap((key) => podsByGroup.get(key) ?? []),
        spec: recordSpecOf(io, standing),
      };
      return [standing, needOf(parts, now)] as const;
    }),
  );
};

const rememberedOf = ({ groups, services }: Snapshot): ReadonlyMap<string, StandbyHint> =>
  new Map([
    ...groups.map((standing) => [groupKey(standing), hintOf(standing)] as const),
    ...services.filter(isOfRouteMode).map((service) => [routeKey(service), routeHintOf(service)] as const),
  ]);

const sweptOf = (io: Io, snapshot: Snapshot, said: Said): Swept => {
  const { services, groups, leases, pods, routed } = snapshot;
  const needed = [...needs(io, snapshot)];
  // What is at rest has an active pod; the others say so in their runs.
  for (const [{ owners }] of needed.filter(([, { kind }]) => kind !== "run")) {
    io.context.metrics.set(ACTIVE_INFO, seriesOf(owners[0]), 1);
  }
  const standing = new Set(groups.map(groupKey));
  const isServed = ({ namespace, group }: { readonly namespace: string; readonly group: string }): boolean =>
    standing.has(keyText({ namespace, name: group }));
  const orphans = orphanedGroups(ROLES.feature, { leases, pods }, isServed);
  const runs = [
    ...needed.filter(([, { kind }]) => kind === "run").map(([group]) => groupKey(group)),
    ...orphans.map(({ namespace, group }) => keyText({ namespace, name: group })),
    ...services.filter(isFormer).flatMap(keysOfService),
    ...services
      .filter(({ problem }) => problem !== undefined)
      .map(serviceKey)
      .filter((key) => !said.has(key)),
    ...routed.runs.map(routeKey),
  ];
  const renewals = needed.flatMap(([group, need]) =>
    need.kind === "renew" ? [[groupKey(group), { ...recordSpecOf(io, group), record: need.record }] as const] : [],
  );
  return { groups: groups.length + routed.services, runs: [...new Set(runs)], renewals: new Map(renewals) };
};

export const sweepServices = (
  io: Io,
  sweeping: Sweeping,
  found: (groups: readonly string[]) => void,
): Promise<SweepOutcome> => {
  const { memory, said, route } = sweeping;
  return sweep(
    io,
    {
      read: async (allowed) => {
        const begun = { mark: memory.mark(), namespaces: allowed.context.namespaces };
        const snapshot = await read(allowed, route);
        const known = memory.all();
        for (const key of memory.replaceAll(rememberedOf(snapshot), begun)) {
          said.forget(key);
          const { namespace = "", services: [name = ""] = [] } = known.get(key) ?? {};
          forgetSeries(io.context, { namespace, name });
        }
        return sweptOf(io, snapshot, said);
      },
      renewed: (key) => {
        const { namespace = "", services: [name = ""] = [] } = memory.get(key) ?? {};
        io.context.metrics.count(RENEWALS, seriesOf({ namespace, name }));
      },
    },
    found,
  );
};
