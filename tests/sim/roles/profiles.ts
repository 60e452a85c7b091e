/** LeaderStatusCheckers: what a seed draws of them and of their applications. */
import { ROLES } from "../../../functions/roles/labels.ts";
import { DISASTERS } from "../disasters.ts";
import { BYSTANDER, createSet } from "../hands.ts";
import { chooseAmong, MIXED_SIZES, profileOf, raceOf, type Kind, type Profile, type Wishes } from "../profile.ts";
import { leaseDelete, POD_ACTIONS, SET_ACTIONS, tidy, type Actions } from "../workload.ts";
import type { World } from "../world.ts";
import { APPLICATION_ACTIONS } from "./behaviour.ts";
import { CHECKER_ACTIONS, createChecker } from "./checkers.ts";
import { ROLES_WAY } from "./way.ts";

export const ROLES_ACTIONS: Actions = {
  tidy,
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...CHECKER_ACTIONS,
  ...APPLICATION_ACTIONS,
  leaseDelete,
  ...DISASTERS,
};

const createBystanders = (world: World): void => {
  createSet(world, BYSTANDER, { replicas: 1, parallel: true, labels: { [ROLES.roleLabel]: ROLES.leader } });
};

/** A StatefulSet with a checker, and in some groups a second one that has to wait. */
const createGroup: Kind["createGroup"] = (world, index, { random, kind }) => {
  const { sets, checkers } = world.shape.names;
  const [set = "", checker = "", spare = ""] = [sets[index], checkers[index], checkers.at(-1)];
  createSet(world, set, { replicas: random.pick(kind.sizes.replicas) ?? 0, parallel: random.chance(0.7) });
  if (random.chance(0.9)) createChecker(world, checker, set, random);
  if (random.chance(0.1)) createChecker(world, spare, set, random);
};

const common = { ways: [ROLES_WAY], known: ROLES_ACTIONS, createBystanders, createGroup } as const;

const MIXED: Kind = {
  ...common,
  sizes: MIXED_SIZES,
  steps: 40,
  copies: 2,
  choose: (random) => chooseAmong(random, () => ["appMoves", ...Object.keys(ROLES_ACTIONS)]),
};

export const ROLES_THEMES: readonly (readonly string[])[] = [
  // A leader that moves while no pod changes.
  ["appMoves", "appMoves", "appMoves", "claimFlood"],
  // Leaders that are not heard.
  ["leaderSilent", "leaderSilent", "appMoves", "appSilent", "appWell"],
  // Several that say so.
  ["appLies", "appConfused", "appMoves", "appWell"],
  // Nobody does.
  ["appDenies", "appLeaderless", "appMoves", "appWell"],
  // Checkers and records that come and go.
  ["checkerDelete", "checkerCreate", "tidy", "appMoves", "leaseDelete"],
  ["leaveSelector", "backInSelector", "appMoves", "forcePod"],
];
const BESIDE: readonly string[] =
  "unready,readyPod,comeBack,deletePod,forcePod,scale,leaseDelete,serverClock,kill,freeze,appMoves,appHangs".split(",");

const RACE: Kind = raceOf(common, { themes: ROLES_THEMES, beside: BESIDE });

export const mixedRoles = (wishes: Wishes): Profile => profileOf(MIXED, wishes);
export const raceRoles = (wishes: Wishes): Profile => profileOf(RACE, wishes);
