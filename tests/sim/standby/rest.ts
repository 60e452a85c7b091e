/** Whether annotated Services came to rest by themselves: each leads to one pod that can serve, and nothing is left of the others. */
import { disqualification } from "../../../functions/kit/handover/choose.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { enrolmentLabel, FEATURE_LABEL, GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, SERVICES, type Resource } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import {
  groupOfService,
  isExtended,
  isOwner,
  leaseNameOf,
  viewService,
  viewStandbyPod,
  type ServiceView,
} from "../../../functions/standby/model.ts";
import { disagreementOn } from "../agreement.ts";
import { all } from "../hands.ts";
import { isBystander } from "../workload.ts";
import type { World } from "../world.ts";
import { routeUnrest } from "./route-rest.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

interface Group {
  readonly name: string;
  /** The oldest first. */
  readonly owners: readonly ServiceView[];
}

const ageOf = ({ metadata }: ServiceView): string => `${metadata.creationTimestamp} ${metadata.uid}`;

const byAge = (one: ServiceView, other: ServiceView): number => (ageOf(one) < ageOf(other) ? -1 : 1);

const groupsOf = (services: readonly ServiceView[]): readonly Group[] =>
  [...Map.groupBy(services.filter(isOwner).toSorted(byAge), groupOfService)].map(([name, owners]) => ({
    name,
    owners,
  }));

const selectorOf = ({ owners }: Group): ServiceView["original"] => owners[0]?.original ?? {};

const membersOf = (group: Group, pods: readonly KubeObject[]): readonly KubeObject[] =>
  pods.filter(({ metadata }) => selects({ matchLabels: selectorOf(group) }, metadata.labels));

/** In the order of age each group that has no pod in common with an older one that is served. */
const servedAmong = (groups: readonly Group[], pods: readonly KubeObject[]): readonly Group[] => {
  const served: Group[] = [];
  for (const group of groups) {
    const taken = new Set(served.flatMap((older) => membersOf(older, pods)));
    if (!membersOf(group, pods).some((pod) => taken.has(pod))) served.push(group);
  }
  return served;
};

const servedUnrest = (world: World, group: Group, pods: readonly KubeObject[]): string | undefined => {
  const now = world.api.now();
  const team = { group: group.name, selector: selectorOf(group) };
  const views = membersOf(group, pods).map((pod) => viewStandbyPod(pod, team, now));
  const able = views.filter(
    (pod) => disqualification({ ...pod, group: group.name, member: true }, group.name) === undefined,
  );
  if (able.length === 0) return undefined;
  // A member that nobody was told of is enrolled by the next run: it carries nothing, and does not lead before.
  const enrolled = views.filter((pod) => pod.group === group.name);
  const lease = all(world, LEASES).find(({ metadata }) => metadata.name === leaseNameOf(group.name));
  const active = able.find(({ role }) => role === ROLES.leader);
  if (active === undefined) return "no pod is active";
  const record = lease === undefined ? undefined : viewRecord(lease, now);
  const wrong = disagreementOn({ names: ROLES, record, pods: enrolled }, active.uid);
  const unled = group.owners.filter((service) => !isExtended(service)).map(({ name }) => name);
  return wrong ?? (unled.length === 0 ? undefined : `not led to the active pod are ${unled.join()}`);
};

const told = (names: readonly string[], what: string): readonly string[] =>
  names.length === 0 ? [] : [`${what}: ${names.join()}`];

/** What label mode left behind. */
const remains = (
  {
    services,
    pods,
    leases,
  }: { services: readonly ServiceView[]; pods: readonly KubeObject[]; leases: readonly KubeObject[] },
  served: readonly Group[],
): readonly string[] => {
  const standing = new Set(served.map(({ name }) => name));
  const owners = new Set(served.flatMap((group) => group.owners));
  const isStray = ({ metadata: { labels = {} } }: KubeObject): boolean => {
    const group = labels[ENROLMENT];
    return group === undefined ? labels[ROLES.roleLabel] === ROLES.leader : !standing.has(group);
  };
  const isLeft = ({ metadata: { labels = {} } }: KubeObject): boolean =>
    labels[FEATURE_LABEL] === ROLES.feature && !standing.has(labels[GROUP_LABEL] ?? "");
  const isNotRestored = (service: ServiceView): boolean =>
    !owners.has(service) && (service.isKept || ROLES.roleLabel in service.selector);
  return [
    ...told(
      pods.filter(isStray).map(({ metadata }) => metadata.name),
      "pods of no group that is served",
    ),
    ...told(
      leases.filter(isLeft).map(({ metadata }) => metadata.name),
      "Leases left behind",
    ),
    ...told(
      services.filter(isNotRestored).map(({ name }) => name),
      "Services not restored",
    ),
  ];
};

const othersIn = (world: World, resource: Resource): readonly KubeObject[] =>
  all(world, resource).filter((found) => !isBystander(found));

export const unrest = (world: World): readonly string[] => {
  const services = othersIn(world, SERVICES).map(viewService);
  const pods = othersIn(world, PODS);
  const served = servedAmong(groupsOf(services), pods);
  const groups = served.flatMap((group) => {
    const wrong = servedUnrest(world, group, pods);
    return wrong === undefined ? [] : [`${group.owners.map(({ name }) => name).join()}: ${wrong}`];
  });
  return [...groups, ...remains({ services, pods, leases: all(world, LEASES) }, served), ...routeUnrest(world, pods)];
};
