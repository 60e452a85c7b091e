/**
 * What users and nodes may do to pods and to what makes them, at any moment and without touching what is the function's own: whatever the
 * order, no write of the function may make a second leader then.
 */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS, type Resource } from "../../functions/kit/kube/request.ts";
import {
  all,
  BYSTANDER,
  createSet,
  edit,
  editStatus,
  isRunning,
  named,
  remove,
  setReady,
  setReadyAll,
} from "./hands.ts";
import type { Random } from "./random.ts";
import { NAMESPACE, type World } from "./world.ts";

/** What is chosen in it is drawn from the given source. False: there was nothing to do it to, or it was so already. */
export type Action = (world: World, random: Random) => boolean;
/** By their names. */
export type Actions = Readonly<Record<string, Action>>;

/** Label value of a pod that nothing here selects. */
const ELSEWHERE = "elsewhere";
const flapMs = 10_000;
const flipMs = 1_000;

export const isBystander = ({ metadata }: KubeObject): boolean => metadata.name.startsWith(BYSTANDER);

/** An action on any object of a kind, or on any that fits; none when there is none. */
export const onAny =
  (
    resource: Resource,
    act: (world: World, object: KubeObject, random: Random) => boolean,
    fits: (object: KubeObject) => boolean = () => true,
  ): Action =>
  (world, random) => {
    const object = random.pick(all(world, resource).filter((found) => fits(found) && !isBystander(found)));
    return object !== undefined && act(world, object, random);
  };

const isAway = ({ metadata }: KubeObject): boolean => metadata.labels?.["app"] === ELSEWHERE;
export const isEnding = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const bringBack = (world: World, pod: KubeObject): boolean => {
  const app = pod.metadata.name.replace(/-.*/, "");
  return edit(world, PODS, pod, { metadata: { labels: { app } } });
};

/** The pod becomes Ready and not Ready again and again, until the faults end or ten seconds have passed. */
const flap = async (world: World, name: string, random: Random): Promise<void> => {
  const end = world.clock.monotonic() + flapMs;
  for (let ready = false; world.disturbed && world.clock.monotonic() < end; ready = !ready) {
    const pod = named(world, PODS, name);
    if (pod !== undefined) setReady(world, pod, ready);
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(random.next() * flipMs);
  }
};

/** One by one, in any order. */
const comeBack = async (world: World, random: Random): Promise<void> => {
  const left = [...all(world, PODS)];
  await world.clock.sleep(random.next() * flipMs);
  while (world.disturbed && left.length > 0) {
    const [pod] = left.splice(random.below(left.length), 1);
    const now = pod === undefined ? undefined : named(world, PODS, pod.metadata.name);
    if (now !== undefined) setReady(world, now, true);
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(random.next() ** 3 * flipMs);
  }
};

/** That leads in any way. */
const unreadyLeader: Action = (world, random) => {
  const isLeader = (pod: KubeObject): boolean => world.ways.some((way) => way.leads(world, pod));
  return onAny(PODS, (_world, pod) => setReady(world, pod, false), isLeader)(world, random);
};

export const POD_ACTIONS: Actions = {
  unready: onAny(PODS, (world, pod) => setReady(world, pod, false)),
  unreadyWriter: unreadyLeader,
  ready: (world) => setReadyAll(world, true),
  readyPod: onAny(PODS, (world, pod) => setReady(world, pod, true)),
  /** No pod is Ready, as after a cut cable; then they come back. */
  comeBack: (world, random) => {
    const isCut = setReadyAll(world, false);
    void comeBack(world, random);
    return isCut;
  },
  flap: onAny(
    PODS,
    (world, { metadata }, random) => {
      void flap(world, metadata.name, random);
      return true;
    },
    isRunning,
  ),
  crashPod: onAny(
    PODS,
    ({ kubelet, say }, { metadata }) => {
      kubelet.crash(NAMESPACE, metadata.name);
      say(`kubelet ${metadata.name} crashes`);
      return true;
    },
    isRunning,
  ),
  evictPod: onAny(
    PODS,
    (world, pod) => editStatus(world, PODS, pod, { phase: "Failed", reason: "Evicted" }),
    isRunning,
  ),
  deletePod: onAny(PODS, (world, pod) => remove(world, PODS, pod)),
  forcePod: onAny(PODS, (world, pod) => remove(world, PODS, pod, { gracePeriodSeconds: 0 })),
  leaveSelector: onAny(PODS, (world, pod) => edit(world, PODS, pod, { metadata: { labels: { app: ELSEWHERE } } })),
  backInSelector: onAny(PODS, bringBack, isAway),
};

export const scaleTo = (world: World, set: KubeObject, replicas: number): boolean =>
  edit(world, STATEFUL_SETS, set, { spec: { replicas } });

export const SET_ACTIONS: Actions = {
  scale: onAny(STATEFUL_SETS, (world, set, random) => scaleTo(world, set, random.below(world.shape.replicasMax + 1))),
  toZero: onAny(STATEFUL_SETS, (world, set) => scaleTo(world, set, 0)),
  orphanSet: onAny(STATEFUL_SETS, (world, set) => remove(world, STATEFUL_SETS, set, { propagationPolicy: "Orphan" })),
  setDelete: onAny(STATEFUL_SETS, (world, set) =>
    remove(world, STATEFUL_SETS, set, { propagationPolicy: "Background" }),
  ),
  setCreate: (world, random) => {
    const name = random.pick(world.shape.names.sets) ?? "";
    if (named(world, STATEFUL_SETS, name) !== undefined) return false;
    return createSet(world, name, { replicas: 3, parallel: random.chance(0.7) });
  },
};

export const leaseDelete: Action = onAny(LEASES, (world, lease) => remove(world, LEASES, lease));

/** `labels`: of its pods, where it has to be made. */
export const tidySet = (
  world: World,
  name: string,
  { random, labels = {} }: { readonly random: Random; readonly labels?: Readonly<Record<string, string>> },
): boolean => {
  const set = named(world, STATEFUL_SETS, name);
  if (set === undefined) return createSet(world, name, { replicas: 3, parallel: true, labels });
  return (set.spec as { replicas?: number }).replicas === 0 && scaleTo(world, set, 1 + random.below(4));
};

/** An administrator puts one group in order: what is missing is made, what is stopped goes on, and its pods are where they belong. */
export const tidy: Action = (world, random) => {
  const index = random.below(world.shape.names.sets.length);
  const deeds = [
    ...world.ways.flatMap((way) => way.tidy(world, index, random)),
    ...all(world, PODS)
      .filter(isAway)
      .map((pod) => bringBack(world, pod)),
    setReadyAll(world, true),
  ];
  return deeds.includes(true);
};
