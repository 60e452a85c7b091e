/** Pods that are in a lock, a checker and an annotated Service at once: what a seed draws of them. */
import { createLock, LOCK_ACTIONS } from "../election/locks.ts";
import { ELECTION_WAY } from "../election/way.ts";
import { DISASTERS } from "../disasters.ts";
import { createSet } from "../hands.ts";
import { chooseAmong, MIXED_SIZES, profileOf, raceOf, type Kind, type Profile, type Wishes } from "../profile.ts";
import { APPLICATION_ACTIONS } from "../roles/behaviour.ts";
import { CHECKER_ACTIONS, createChecker } from "../roles/checkers.ts";
import { ROLES_WAY } from "../roles/way.ts";
import { COMMON } from "../standby/deployments.ts";
import { createStandbyBystanders } from "../standby/profiles.ts";
import { serveApp, SERVICE_ACTIONS, SLICE_ACTIONS } from "../standby/services.ts";
import { STANDBY_WAY } from "../standby/way.ts";
import { POD_ACTIONS, SET_ACTIONS, tidy, type Actions } from "../workload.ts";

export const TOGETHER_ACTIONS: Actions = {
  tidy,
  ...POD_ACTIONS,
  ...SET_ACTIONS,
  ...LOCK_ACTIONS,
  ...CHECKER_ACTIONS,
  ...APPLICATION_ACTIONS,
  ...SERVICE_ACTIONS,
  ...SLICE_ACTIONS,
  ...DISASTERS,
};

/** A StatefulSet that most groups have everything for. */
const createGroup: Kind["createGroup"] = (world, index, { random, kind }) => {
  const { sets, locks, leases, checkers } = world.shape.names;
  const [set = "", lock = "", leaseName = "", checker = ""] = [
    sets[index],
    locks[index],
    leases[index],
    checkers[index],
  ];
  const replicas = random.pick(kind.sizes.replicas) ?? 0;
  createSet(world, set, { replicas, parallel: random.chance(0.7), labels: COMMON });
  if (random.chance(0.9)) createLock(world, lock, { statefulSetName: set, leaseName });
  if (random.chance(0.9)) createChecker(world, checker, set, random);
  serveApp(world, index, { app: set, random });
};

const common = {
  ways: [ELECTION_WAY, ROLES_WAY, STANDBY_WAY],
  known: TOGETHER_ACTIONS,
  createBystanders: createStandbyBystanders,
  createGroup,
} as const;

const MIXED: Kind = {
  ...common,
  sizes: { ...MIXED_SIZES, groups: [1, 1, 1, 2, 2, 3] },
  steps: 40,
  copies: 2,
  choose: (random) => chooseAmong(random, () => Object.keys(TOGETHER_ACTIONS)),
};

const THEMES: readonly (readonly string[])[] = [
  // Three leaders, each moved by itself.
  ["switchover", "switchover", "appMoves", "appMoves", "toLabel", "toRoute"],
  // One feature after the other ends and begins.
  ["lockDelete", "checkerDelete", "optOut", "optIn", "tidy", "switchover"],
  // All are lost with one pod.
  ["forcePod", "deletePod", "unready", "readyPod", "appMoves", "switchover"],
];
const BESIDE: readonly string[] =
  "comeBack,leaveSelector,backInSelector,scale,leaseDelete,reapplied,appSilent,appWell,kill,freeze".split(",");

const RACE: Kind = raceOf(common, { themes: THEMES, beside: BESIDE });

export const mixedTogether = (wishes: Wishes): Profile => profileOf(MIXED, wishes);
export const raceTogether = (wishes: Wishes): Profile => profileOf(RACE, wishes);
