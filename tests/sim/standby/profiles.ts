/** Annotated Services: what a seed draws of them. */
import { ROLES } from "../../../functions/standby/labels.ts";
import { DISASTERS } from "../disasters.ts";
import { BYSTANDER, createSet } from "../hands.ts";
import { chooseAmong, MIXED_SIZES, profileOf, raceOf, type Kind, type Profile, type Wishes } from "../profile.ts";
import { leaseDelete, POD_ACTIONS, SET_ACTIONS, tidy, type Actions } from "../workload.ts";
import type { World } from "../world.ts";
import { COMMON, createDeployment, DEPLOYMENT_ACTIONS } from "./deployments.ts";
import { createService, MEMBER_ACTIONS, serveApp, SERVICE_ACTIONS, SLICE_ACTIONS } from "./services.ts";
import { STANDBY_WAY } from "./way.ts";

export const STANDBY_ACTIONS: Actions = {
  tidy,
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...DEPLOYMENT_ACTIONS,
  ...SERVICE_ACTIONS,
  ...SLICE_ACTIONS,
  ...MEMBER_ACTIONS,
  leaseDelete,
  ...DISASTERS,
};

/** An active pod by label, and a Service that does not ask for us. */
export const createStandbyBystanders = (world: World): void => {
  createSet(world, BYSTANDER, { replicas: 1, parallel: true, labels: { [ROLES.roleLabel]: ROLES.leader } });
  createService(world, BYSTANDER, { selector: { app: BYSTANDER }, annotations: {} });
};

/** A workload of either kind, and a Service over it. */
const createGroup: Kind["createGroup"] = (world, index, { random, kind }) => {
  const { sets, deployments } = world.shape.names;
  const [isDeployment, replicas] = [random.chance(0.5), random.pick(kind.sizes.replicas) ?? 0];
  const app = (isDeployment ? deployments : sets)[index] ?? "";
  if (isDeployment) createDeployment(world, app, replicas);
  else createSet(world, app, { replicas, parallel: random.chance(0.7), labels: COMMON });
  serveApp(world, index, { app, random });
};

const common = {
  ways: [STANDBY_WAY],
  known: STANDBY_ACTIONS,
  createBystanders: createStandbyBystanders,
  createGroup,
} as const;

const MIXED: Kind = {
  ...common,
  sizes: MIXED_SIZES,
  steps: 40,
  copies: 2,
  choose: (random) => chooseAmong(random, () => Object.keys(STANDBY_ACTIONS)),
};

export const STANDBY_THEMES: readonly (readonly string[])[] = [
  // Cut-overs in, back, and from one mode to the other.
  ["optIn", "optIn", "optOut", "toRoute", "toLabel"],
  // Fail-overs of a Service that stays in its mode.
  ["toRoute", "toRoute", "unreadyWriter", "readyPod", "forcePod"],
  ["toLabel", "toLabel", "unreadyWriter", "readyPod", "forcePod"],
  // Two families that have to lead to the same pod.
  ["toRoute", "families", "families", "unreadyWriter", "sliceDelete"],
  // Selectors that others write.
  ["optIn", "reapplied", "reapplied", "selectorEdit"],
  // Services and records that come and go.
  ["serviceDelete", "serviceCreate", "serviceCreate", "leaseDelete", "tidy"],
  // Groups that have pods in common.
  ["overlap", "narrower", "relabel", "serviceCreate", "optIn"],
  ["leaveSelector", "backInSelector", "relabel", "tidy"],
];
const BESIDE: readonly string[] =
  "unready,readyPod,comeBack,deletePod,forcePod,scale,scaleDeployment,leaseDelete,serverClock,kill,freeze".split(",");

const RACE: Kind = raceOf(common, { themes: STANDBY_THEMES, beside: BESIDE });

export const mixedStandby = (wishes: Wishes): Profile => profileOf(MIXED, wishes);
export const raceStandby = (wishes: Wishes): Profile => profileOf(RACE, wishes);
