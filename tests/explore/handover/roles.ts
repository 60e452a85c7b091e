/**
 * Roles as a system to explore: the target is what the application says when it is asked, after the record was read: one of the pods, nobody,
 * or nothing at all.
 */
import { judge } from "../../../functions/roles/decide.ts";
import type { LeaderAnswer } from "../../../functions/roles/ask/ask.ts";
import { ROLES } from "../../../functions/roles/labels.ts";
import { viewRolesPod } from "../../../functions/roles/model.ts";
import { viewSet, type SetView } from "../../../functions/kit/pods/stateful-set.ts";
import { selectorText } from "../../../functions/kit/selector.ts";
import { aSet, LEASE_NAME } from "../../unit/support/builders.ts";
import { outdated } from "../outdated.ts";
import type { System } from "../system.ts";
import { faultsOf, type Group } from "./faults.ts";
import { eventsOf } from "./instance.ts";
import { ableIn, isLeader, judgeWrite, oneLeader, podsOf, restOf } from "./invariants.ts";
import { IDLE, type Local } from "./local.ts";
import { EPOCH_ONE, handoverBy, remembering, type Protocol, type Rules, type Scene } from "./protocol.ts";
import { serverText } from "./script.ts";
import { NOBODY_LEADS, SILENCE, type Server, type Word } from "./server.ts";
import { isBeyond, youngGroups } from "./starts.ts";

export interface RolesVariant {
  readonly name: string;
  /** What this protocol lacks, as half a sentence. */
  readonly leavesOut: string;
  readonly flaw: "S1" | "A" | "L1";
  readonly weaken: (real: Protocol) => Protocol;
}

const answerBy = (word: Word, uid: string): LeaderAnswer =>
  word === SILENCE ? { kind: "silent", why: "no answer" } : { kind: "answered", leads: word === uid };

const decideIn =
  (set: SetView): Rules["decide"] =>
  ({ record, pods, word = SILENCE }: Scene) => {
    const leads = new Map(pods.map(({ uid }) => [uid, answerBy(word, uid)] as const));
    const verdict = judge({ set, record, pods }, { leads, views: new Map() });
    if (verdict.kind === "hold") return undefined;
    return verdict.kind === "nobody" ? { kind: "nobody" } : { kind: "pod", uid: verdict.target.uid };
  };

/** A set with as many replicas as the group has pods. */
const rulesOf = (replicas: number): Rules => {
  const set = viewSet(aSet({ replicas }));
  const view = remembering((pod) => viewRolesPod(pod, set, EPOCH_ONE));
  const selector = selectorText(set.selector);
  return {
    names: ROLES,
    teams: [{ group: set.uid, selector, leaseName: LEASE_NAME, view }],
    decide: decideIn(set),
    asks: "last",
  };
};

/** `variant` undefined: the protocol as it is shipped. */
export const rolesProtocolOf = (variant: RolesVariant | undefined, pods: number): Protocol => {
  const protocol = handoverBy(rulesOf(pods));
  return variant === undefined ? protocol : variant.weaken(protocol);
};

/** L1, while the application's word stays: whom it names leads, and nobody where it names none that can. */
const restProblem = (server: Server): string | undefined => {
  const { word, leases } = server;
  const able = ableIn(server);
  const named = able.filter((pod) => pod.metadata.uid === word);
  const leaders = podsOf(server).filter((pod) => isLeader(ROLES, pod));
  const isNobody = able.length > 0 && word !== SILENCE && named.length === 0;
  if (isNobody && leaders.length > 0) {
    return `at rest, and ${leaders.map(({ metadata }) => metadata.uid).join(" and ")} leads, though the application says: ${word}`;
  }
  return restOf(ROLES, { server, lease: leases[0] }, named);
};

const saying = (server: Server, word: Word): Server => ({ ...server, word, past: { ...server.past, words: [word] } });

export const rolesSystem = (protocol: Protocol, group: Group): System<Server, Local> => ({
  idle: IDLE,
  outdate: outdated,
  starts: youngGroups(group, [LEASE_NAME]).flatMap((server) => [
    saying(server, podsOf(server)[0]?.metadata.uid ?? NOBODY_LEADS),
    saying(server, NOBODY_LEADS),
  ]),
  events: (server, local) => eventsOf(protocol, server, local),
  faults: faultsOf,
  dues: () => [],
  judge: (before, after, by) =>
    by === "instance" ? judgeWrite(ROLES, before, after) : { server: after, breaches: oneLeader(ROLES, after) },
  restProblem,
  isBeyond,
  textOf: (server) => serverText(ROLES, server),
});

const unfencedNobody =
  (real: Protocol["plan"]): Protocol["plan"] =>
  (observed, target) => {
    const step = real(observed, target);
    return target.kind === "nobody" && step.kind === "fence" ? { kind: "settled" } : step;
  };

export const ROLES_VARIANTS: readonly RolesVariant[] = [
  {
    name: "asked-before-record",
    leavesOut: "the order of asking and reading: the answers are gathered before the record is read",
    flaw: "A",
    weaken: (real) => ({ ...real, asks: "first" }),
  },
  {
    name: "nobody-unfenced",
    leavesOut: "the fence of a hand-over to nobody: the record is emptied, and that is all",
    flaw: "L1",
    weaken: (real) => ({ ...real, plan: unfencedNobody(real.plan) }),
  },
];
