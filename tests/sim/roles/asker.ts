/** How one instance asks the simulated applications: over a network that is slow and loses answers, through the port that the function has for it. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import type { Target } from "../../../functions/roles/ask/address.ts";
import type { Asker, AskOptions, LeaderAnswer, ServersAnswer, Silent } from "../../../functions/roles/ask/ask.ts";
import { all, isRunning } from "../hands.ts";
import { awake, type End } from "../network.ts";
import { strikes, type World } from "../world.ts";
import { leaderSeenBy, leadsByItself, setOf, type Round } from "./applications.ts";

const DEADLINE_MS = 1_000;
const slowMs = 3_000;
const latencyMs = 4;

const REFUSED: Silent = { kind: "silent", why: "it refuses connections on this port" };
const LATE: Silent = { kind: "silent", why: "it did not answer in time" };

const podAt = (world: World, { host }: Target): KubeObject | undefined =>
  all(world, PODS).find((pod) => isRunning(pod) && (pod.status as { podIP?: string }).podIP === host);

const hangs = ({ applications }: World, pod: KubeObject | undefined): boolean =>
  pod !== undefined && applications.manners.get(pod.metadata.uid) === "hangs";

/** One question and its answer, whatever happens in between. `answer` undefined: the process refuses. */
const exchange = async <Answer>(
  world: World,
  { target, deadlineMs = DEADLINE_MS }: { readonly target: Target } & AskOptions,
  answer: (pod: KubeObject) => Answer | undefined,
): Promise<Answer | Silent> => {
  const { clock, random } = world;
  const wholeMs = strikes(world, "slow") ? random.next() * slowMs : random.next() * latencyMs;
  const isLost = strikes(world, "lostAnswer");
  await clock.sleep(Math.min(wholeMs, deadlineMs) / 2);
  const pod = podAt(world, target);
  const isLate = isLost || wholeMs >= deadlineMs || hangs(world, pod);
  const found = pod === undefined ? undefined : answer(pod);
  await clock.sleep((isLate ? deadlineMs : wholeMs) / 2);
  if (isLate) return LATE;
  return found ?? REFUSED;
};

const serversIn = (world: World, seen: string | undefined): ServersAnswer => {
  const servers = all(world, PODS).map(({ metadata: { uid, name } }) => ({
    id: name,
    rpcAddr: `${name}.any:8000`,
    isLeader: uid === seen,
  }));
  return { kind: "answered", servers: seen === undefined ? [] : servers };
};

/** The set that the targets belong to; empty: nobody knows. */
const setAt = (world: World, targets: readonly Target[]): string => {
  const pods = targets.map((target) => podAt(world, target));
  return pods.map((pod) => (pod === undefined ? "" : setOf(pod))).find((name) => name !== "") ?? "";
};

const roundKey = (instance: string, set: string): string => `${instance} ${set}`;

/** What the instance heard last of the StatefulSet's pods. */
export const roundOf = ({ applications }: World, instance: string, set: string): Round | undefined =>
  applications.rounds.get(roundKey(instance, set));

export const createAsker = (world: World, end: End): Asker => {
  const { applications, clock } = world;
  const keyFor = (targets: readonly Target[]): string => roundKey(end.self().name, setAt(world, targets));
  const askAll = async <Answer>(
    targets: readonly Target[],
    options: AskOptions,
    ask: (pod: KubeObject) => Answer | undefined,
  ): Promise<readonly (Answer | Silent)[]> => {
    const answers = await Promise.all(targets.map((target) => exchange(world, { ...options, target }, ask)));
    await awake(world, end);
    return answers;
  };
  return {
    leaderStatus: async (targets, options = {}) => {
      const round: Round = { begunAt: clock.monotonic(), leads: new Map(), views: new Map() };
      applications.rounds.set(keyFor(targets), round);
      for (const target of targets) round.leads.set(podAt(world, target)?.metadata.uid ?? "", undefined);
      const asked = targets.map((target) => podAt(world, target)?.metadata.uid ?? "");
      const answers = await askAll<LeaderAnswer>(targets, options, (pod) => {
        const leads = leadsByItself(applications, pod);
        return leads === undefined ? undefined : { kind: "answered", leads };
      });
      for (const [index, answer] of answers.entries()) {
        if (answer.kind === "answered") round.leads.set(asked[index] ?? "", answer.leads);
      }
      const heard = answers.map((answer) => (answer.kind === "silent" ? "nothing" : answer.leads));
      world.say(`${end.self().name} asks ${asked.join()} and hears ${heard.join()}`);
      return answers;
    },
    servers: async (targets, options = {}) => {
      const round = applications.rounds.get(keyFor(targets));
      const asked = targets.map((target) => podAt(world, target)?.metadata.uid ?? "");
      const answers = await askAll<ServersAnswer>(targets, options, (pod) => {
        const isSilent = leadsByItself(applications, pod) === undefined;
        return isSilent ? undefined : serversIn(world, leaderSeenBy(applications, pod));
      });
      for (const [index, answer] of answers.entries()) {
        if (answer.kind === "silent") continue;
        const leader = answer.servers.find(({ isLeader }) => isLeader);
        const pod = all(world, PODS).find(({ metadata }) => metadata.name === leader?.id);
        round?.views.set(asked[index] ?? "", pod?.metadata.uid);
      }
      return answers;
    },
  };
};
