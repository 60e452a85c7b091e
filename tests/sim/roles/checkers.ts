/** What people do to LeaderStatusCheckers. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { create, edit, named, remove } from "../hands.ts";
import type { Random } from "../random.ts";
import { isEnding, onAny, tidySet, type Action, type Actions } from "../workload.ts";
import { NAMESPACE, type World } from "../world.ts";

const RPC_PORT = 8_000;
const INTERVALS_SECONDS = [1, 2, 5, 10] as const;
const TIMEOUTS_MS = [100, 300, 1_000] as const;

interface CheckerSpec {
  readonly statefulSetName: string;
}

export const specOf = (checker: KubeObject): CheckerSpec => checker.spec as CheckerSpec;

/** Asked often, so that a leader that moves without a claim is found within the rest. */
export const createChecker = (world: World, name: string, statefulSetName: string, random: Random): boolean =>
  create(world, CHECKERS, {
    metadata: { name },
    spec: {
      statefulSetName,
      namespace: NAMESPACE,
      rpcPort: RPC_PORT,
      localDev: false,
      intervalSeconds: random.pick(INTERVALS_SECONDS),
      timeoutMilliseconds: random.pick(TIMEOUTS_MS),
    },
  });

const edited = (spec: (world: World, random: Random) => object): Action =>
  onAny(CHECKERS, (world, checker, random) => edit(world, CHECKERS, checker, { spec: spec(world, random) }));

export const CHECKER_ACTIONS: Actions = {
  checkerCreate: (world, random) => {
    const { checkers, sets } = world.shape.names;
    const [name = "", set = ""] = [random.pick(checkers), random.pick(sets)];
    return named(world, CHECKERS, name) === undefined && createChecker(world, name, set, random);
  },
  checkerDelete: onAny(CHECKERS, (world, checker) => remove(world, CHECKERS, checker)),
  checkerFinalizerOff: onAny(
    CHECKERS,
    (world, checker) => edit(world, CHECKERS, checker, { metadata: { finalizers: null } }),
    isEnding,
  ),
  checkerSet: edited(({ shape }, random) => ({ statefulSetName: random.pick(shape.names.sets) })),
  checkerTimes: edited((_world, random) => ({
    intervalSeconds: random.pick(INTERVALS_SECONDS),
    timeoutMilliseconds: random.pick(TIMEOUTS_MS),
  })),
};

/** The set and its checker are there. */
export const tidyRoles = (world: World, index: number, random: Random): readonly boolean[] => {
  const { sets, checkers } = world.shape.names;
  const [set = "", name = ""] = [sets[index], checkers[index]];
  return [
    tidySet(world, set, { random }),
    named(world, CHECKERS, name) === undefined && createChecker(world, name, set, random),
  ];
};
