/** Whether anything follows the leader: a Service that selects the role label together with pods that get it. */
import { ROLES as ELECTION } from "../../../functions/election/labels.ts";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ROLES as CHECKED } from "../../../functions/roles/labels.ts";
import type { Check } from "../check.ts";
import { warning, type Finding } from "../finding.ts";
import { ledSets, podLabelsOf, type LedSet } from "../led-sets.ts";
import { LED } from "../resources.ts";
import { isServed, nameOf, type Snapshot } from "../snapshot.ts";

type Selector = Readonly<Record<string, string>>;

const selectorOf = ({ spec }: KubeObject): Selector =>
  ((spec ?? {}) as { readonly selector?: Selector }).selector ?? {};

/** The Service finds a pod of the set once that has the role. */
const finds = (service: KubeObject, { set, names }: LedSet, role: string): boolean =>
  service.metadata.namespace === set.metadata.namespace &&
  selectorOf(service)[names.roleLabel] !== undefined &&
  selects({ matchLabels: selectorOf(service) }, { ...podLabelsOf(set), [names.roleLabel]: role });

const unfollowed = (services: readonly KubeObject[], led: LedSet): readonly Finding[] => {
  const { owner, set, names } = led;
  if (services.some((service) => finds(service, led, names.leader))) return [];
  const labels = { ...podLabelsOf(set), [names.roleLabel]: names.leader };
  return [
    warning({
      object: nameOf(owner),
      field: `Service spec.selector["${names.roleLabel}"]`,
      got: `no Service in namespace ${set.metadata.namespace ?? ""} selects ${names.leader} among the pods of ${nameOf(set)}: users do not follow`,
      accepted: JSON.stringify(labels),
      remedy:
        "Make a Service with that selector (examples/database.yaml), unless whoever uses the leader finds it in another way.",
    }),
  ];
};

const rolesOf = ({ leader, follower }: RoleNames): readonly string[] =>
  follower === null ? [leader] : [leader, follower];

const unled = (service: KubeObject, names: RoleNames, sets: readonly LedSet[]): readonly Finding[] => {
  const value = selectorOf(service)[names.roleLabel];
  if (value === undefined) return [];
  const about = { object: nameOf(service), field: `spec.selector["${names.roleLabel}"]` };
  const { namespace = "", name } = service.metadata;
  if (!rolesOf(names).includes(value)) {
    const patch = JSON.stringify({ spec: { selector: { [names.roleLabel]: names.leader } } });
    const remedy = `kubectl -n ${namespace} patch service ${name} --type merge -p '${patch}'`;
    return [warning({ ...about, got: value, accepted: rolesOf(names).join(" or "), remedy })];
  }
  if (sets.some((led) => led.names === names && rolesOf(names).some((role) => finds(service, led, role)))) return [];
  const owner = names === ELECTION ? "StatefulSetLock" : "LeaderStatusChecker";
  return [
    warning({
      ...about,
      got: `${value}, and no ${owner} leads a StatefulSet whose pods have the rest of the selector: the Service finds nobody`,
      accepted: `labels of the pods of a StatefulSet that a ${owner} names`,
      remedy: `Make a ${owner} for the StatefulSet that is meant, or correct the selector.`,
    }),
  ];
};

const findingsOf = (snapshot: Snapshot): readonly Finding[] => {
  const { services } = snapshot.led;
  const sets = ledSets(snapshot);
  return [
    ...sets.flatMap((led) => unfollowed(services, led)),
    ...(isServed(snapshot, LED.locks) ? services.flatMap((service) => unled(service, ELECTION, sets)) : []),
    ...(isServed(snapshot, LED.checkers) ? services.flatMap((service) => unled(service, CHECKED, sets)) : []),
  ];
};

export const followers: Check = {
  name: "followers",
  reads: ["locks", "checkers", "services", "statefulSets", "BELLWETHER_NAMESPACES"],
  fine: "Services that follow a leader find one, and every leader has one that follows",
  run: (snapshot) => {
    const { locks, checkers, services } = snapshot.led;
    return locks.length + checkers.length + services.length === 0 ? undefined : findingsOf(snapshot);
  },
};
