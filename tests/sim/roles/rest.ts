/** Whether checkers came to rest by themselves: the label is on the pod that the application has elected, and nothing is left of the others. */
import { viewPod, viewRecord } from "../../../functions/kit/handover/model.ts";
import { enrolmentLabel, FEATURE_LABEL, GROUP_LABEL } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { CHECKERS, recordName, ROLES } from "../../../functions/roles/labels.ts";
import { disagreementOn } from "../agreement.ts";
import { all } from "../hands.ts";
import type { World } from "../world.ts";
import { isAble, podsOf } from "./behaviour.ts";
import { specOf } from "./checkers.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

interface Status {
  readonly leaderNode?: string;
  readonly epoch?: number;
  readonly conditions?: readonly Condition[];
}

const statusOf = (checker: KubeObject): Status => checker.status ?? {};

const conditionOf = (checker: KubeObject, wanted: string): Condition | undefined =>
  statusOf(checker).conditions?.find(({ type }) => type === wanted);

/** Why the checker, as it is now, says that nobody leads; empty: it says nothing of the kind. */
const excuseOf = (checker: KubeObject): string => {
  const said = conditionOf(checker, "Available");
  const isCurrent = said?.status === "False" && said.observedGeneration === checker.metadata.generation;
  return isCurrent ? said.reason : "";
};

const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const setOf = (world: World, checker: KubeObject): KubeObject | undefined =>
  all(world, STATEFUL_SETS).find(({ metadata }) => metadata.name === specOf(checker).statefulSetName);

const ageOf = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp} ${metadata.uid}`;

const isSecond = (world: World, checker: KubeObject): boolean =>
  all(world, CHECKERS).some(
    (other) => specOf(other).statefulSetName === specOf(checker).statefulSetName && ageOf(other) < ageOf(checker),
  );

/** What a checker may say instead of naming a leader, and when that is true. */
const EXCUSES: Readonly<Record<string, (world: World, checker: KubeObject) => boolean>> = {
  StatefulSetNotFound: (world, checker) => setOf(world, checker) === undefined,
  StatefulSetShared: isSecond,
  PodsNotFound: (world, checker) => !podsOf(world, specOf(checker).statefulSetName).some(isAble),
};

const wrongInStatus = (checker: KubeObject, leader: KubeObject, epoch: number | undefined): string | undefined => {
  const status = statusOf(checker);
  if (status.leaderNode !== leader.metadata.name) return `status.leaderNode is ${status.leaderNode}`;
  if (status.epoch !== epoch) return `status.epoch is ${status.epoch}, not ${epoch}`;
  const [available, progressing] = [conditionOf(checker, "Available"), conditionOf(checker, "Progressing")];
  return available?.status === "True" && progressing?.status === "False"
    ? undefined
    : "its conditions are not those of rest";
};

const wrongIn = (world: World, checker: KubeObject, set: KubeObject): string | undefined => {
  const now = world.api.now();
  const { name, uid } = set.metadata;
  const members = podsOf(world, name);
  const leader = members.find((pod) => pod.metadata.uid === world.applications.leaders.get(name));
  if (leader === undefined) return "the application has no leader";
  const missing = members.filter(({ metadata }) => metadata.labels?.[ENROLMENT] !== uid);
  if (missing.length > 0) return `not enrolled are ${missing.map(({ metadata }) => metadata.name).join()}`;
  const lease = all(world, LEASES).find(({ metadata }) => metadata.name === recordName(checker.metadata.uid));
  const record = lease === undefined ? undefined : viewRecord(lease, now);
  const pods = all(world, PODS)
    .filter(({ metadata }) => metadata.labels?.[ENROLMENT] === uid)
    .map((pod) => viewPod(pod, ROLES, { member: true, now }));
  const wrong = disagreementOn({ names: ROLES, record, pods }, leader.metadata.uid);
  if (wrong !== undefined) return `${leader.metadata.name} says that it leads, but ${wrong}`;
  return wrongInStatus(checker, leader, record?.epoch);
};

const unrestOf = (world: World, checker: KubeObject): string | undefined => {
  if (isEnding(checker)) return `${checker.metadata.name}: its deletion does not end`;
  if (EXCUSES[excuseOf(checker)]?.(world, checker) === true) return undefined;
  const set = setOf(world, checker);
  const wrong =
    set === undefined ? "the StatefulSet is missing, and no condition says so" : wrongIn(world, checker, set);
  const said = statusOf(checker).conditions?.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
  return wrong === undefined
    ? undefined
    : `${checker.metadata.name}: ${wrong} (${said?.join("; ") ?? "no conditions"})`;
};

const told = (objects: readonly KubeObject[], what: string): readonly string[] =>
  objects.length === 0 ? [] : [`${what}: ${objects.map(({ metadata }) => metadata.name).join()}`];

/** A record stands for its group as long as its checker is there, also when the StatefulSet is gone. */
export const unrest = (world: World): readonly string[] => {
  const checkers = all(world, CHECKERS);
  const records = all(world, LEASES).filter(({ metadata }) => metadata.labels?.[FEATURE_LABEL] === ROLES.feature);
  const kept = new Set(checkers.map(({ metadata }) => recordName(metadata.uid)));
  const left = records.filter(({ metadata }) => !kept.has(metadata.name));
  const groups = new Set([
    ...checkers.map((checker) => setOf(world, checker)?.metadata.uid),
    ...records.map(({ metadata }) => metadata.labels?.[GROUP_LABEL]),
  ]);
  const strays = all(world, PODS).filter(({ metadata: { labels = {} } }) => {
    const group = labels[ENROLMENT];
    return group !== undefined && !groups.has(group);
  });
  return [
    ...checkers.map((checker) => unrestOf(world, checker)).filter((wrong) => wrong !== undefined),
    ...told(strays, "enrolled pods of no group"),
    ...told(left, "Leases left behind"),
  ];
};
