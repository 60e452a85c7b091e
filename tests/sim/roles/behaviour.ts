/** What applications do: they elect a leader by themselves and say so, and some of them hang or lie. */
import { ROLE_CLAIMED } from "../../../events/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { viewCandidate } from "../../../functions/kit/pods/candidate.ts";
import { ROLES } from "../../../functions/roles/labels.ts";
import { deliver, STRUCTURED } from "../actors.ts";
import { all } from "../hands.ts";
import type { Random } from "../random.ts";
import { isBystander, onAny, type Action, type Actions } from "../workload.ts";
import { NAMESPACE, strikes, type World } from "../world.ts";
import { setOf, type Manner } from "./applications.ts";

const leastMs = 200;
const mostMs = 1_500;
const delayMs = 20;
const FLOOD = 20;
/** Probability of an election that is due to take place in one turn while there are disturbances, and of a claim after one. */
const ELECTED = 0.5;
const CLAIMED = 0.7;

/** Posts that the pod leads, as its application or its sidecar does; nobody has to believe it. */
const claim = (world: World, { metadata: { name } }: KubeObject): void => {
  if (strikes(world, "droppedEvent")) return;
  const body = {
    specversion: "1.0",
    id: `claim-${world.clock.monotonic()}`,
    source: "sim/application",
    type: ROLE_CLAIMED,
    namespace: NAMESPACE,
    name,
  };
  void world.clock.sleep(world.random.next() * delayMs).then(() => deliver(world, { headers: STRUCTURED, body }));
};

export const isAble = (pod: KubeObject): boolean => {
  const { ready, terminating, finished } = viewCandidate(pod, ROLES, { member: true, now: 0 });
  return ready && !terminating && !finished;
};

/** Owned and selected. */
export const podsOf = (world: World, set: string): readonly KubeObject[] =>
  all(world, PODS).filter((pod) => setOf(pod) === set && pod.metadata.labels?.["app"] === set);

/** Whoever led does not any more. */
const elect = (world: World, pod: KubeObject): void => {
  const before = world.applications.leaders.get(setOf(pod));
  world.applications.leaders.set(setOf(pod), pod.metadata.uid);
  if (before !== pod.metadata.uid) world.say(`application ${setOf(pod)} elects ${pod.metadata.name}`);
};

/** Each application has a leader that is able, as soon as it can. */
export const runApplications = async (world: World, signal: AbortSignal): Promise<void> => {
  const { clock, random, applications } = world;
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(leastMs + random.next() * (mostMs - leastMs));
    for (const { metadata } of all(world, STATEFUL_SETS).filter((set) => !isBystander(set))) {
      const able = podsOf(world, metadata.name).filter(isAble);
      const hasLeader = able.some(({ metadata: { uid } }) => uid === applications.leaders.get(metadata.name));
      if (hasLeader || (world.disturbed && !random.chance(ELECTED))) continue;
      const pod = random.pick(able);
      if (pod === undefined) continue;
      elect(world, pod);
      if (random.chance(CLAIMED)) claim(world, pod);
    }
  }
};

const isMember = (pod: KubeObject): boolean => setOf(pod) !== "" && !isBystander(pod);

const behaving = (manner: Manner): Action =>
  onAny(
    PODS,
    ({ applications: { manners }, say }, { metadata: { uid, name } }) => {
      if (manners.get(uid) === manner) return false;
      manners.set(uid, manner);
      say(`application in ${name} ${manner}`);
      return true;
    },
    isMember,
  );

const move = (world: World, pod: KubeObject, random: Random): boolean => {
  if (world.applications.leaders.get(setOf(pod)) === pod.metadata.uid || !isAble(pod)) return false;
  elect(world, pod);
  if (random.chance(CLAIMED)) claim(world, pod);
  return true;
};

export const APPLICATION_ACTIONS: Actions = {
  appMoves: onAny(PODS, move, isMember),
  appLeaderless: onAny(PODS, ({ applications }, pod) => applications.leaders.delete(setOf(pod)), isMember),
  appSilent: behaving("silent"),
  appHangs: behaving("hangs"),
  appLies: behaving("lies"),
  appConfused: behaving("confused"),
  appDenies: behaving("denies"),
  appWell: ({ applications: { manners }, say }) => {
    const isIll = manners.size > 0;
    manners.clear();
    if (isIll) say("applications are well");
    return isIll;
  },
  /** The leader itself is not heard. */
  leaderSilent: (world, random) => {
    const { leaders, manners } = world.applications;
    const uid = random.pick([...leaders.values()]);
    if (uid === undefined || manners.has(uid)) return false;
    manners.set(uid, random.chance(0.5) ? "silent" : "hangs");
    world.say(`application in ${uid} is not heard`);
    return true;
  },
  claimFlood: (world, random) => {
    const pods = all(world, PODS).filter(isMember);
    for (let count = 0; count < FLOOD; count += 1) {
      const pod = random.pick(pods);
      if (pod !== undefined) claim(world, pod);
    }
    return pods.length > 0;
  },
};
