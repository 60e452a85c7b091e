/** Mutants of LeaderStatusChecker's rules that survive for a good reason: see `accepted.ts`. */
import type { Accepted } from "./verdict.ts";

const DECIDE = "functions/roles/decide.ts";
const NEED = "functions/roles/need.ts";
const RESTING = "functions/roles/resting.ts";

export const ACCEPTED_OF_ROLES: readonly Accepted[] = [
  {
    file: DECIDE,
    within: "one.ordinal - other.ordinal || (one.uid < other.uid ? -1 : 1);",
    changes: ["one.uid < other.uid -> one.uid <= other.uid", "1 #1 -> 2", "1 #2 -> 0", "1 #2 -> 2"],
    reason: "two pods have two uids, and a sort asks only whether one comes before the other",
  },
  ...[
    { within: "const isPresentSilent = present !== undefined && silent.includes(present);", reason: "silent" },
    {
      within: "present !== undefined && (isPresentSilent || claimants.includes(present)) ? present : undefined;",
      reason: "a claimant",
    },
  ].map(({ within, reason }) => ({
    file: DECIDE,
    within,
    changes: ["present !== undefined -> true"],
    reason: `nobody is not ${reason}; the types refuse it`,
  })),
  {
    file: DECIDE,
    within: "if (claimants.length < 2 || named !== undefined) return [];",
    changes: ["2 -> 1"],
    reason: "one claimant alone is named",
  },
  {
    file: DECIDE,
    within:
      'trueFinding("Unreachable", "LeaderSilent", `${present?.name} keeps its label without an answer${wish}: ${why}`),',
    changes: ["present?.name -> present.name"],
    reason: "a leader that is silent is one; the types refuse it",
  },
  {
    file: DECIDE,
    within: 'const message = claimants.length > 1 ? "several pods say that they lead" : "no pod says that it leads";',
    changes: ["claimants.length > 1 -> claimants.length >= 1", "1 -> 0"],
    reason: "one claimant alone leads, or waits for a silent leader",
  },
  {
    file: NEED,
    within: "const afterMs = isUnsure(checker) ? 0 : (checker.intervalSeconds - tickSeconds / 2) * 1000;",
    changes: ["0 #1 -> -1"],
    reason: "no time is below 0",
  },
  {
    file: NEED,
    within: "status.leaderNode === record.holder?.name &&",
    changes: ["record.holder?.name -> record.holder.name"],
    reason: "asked only at rest, under a holder; the types refuse it",
  },
  {
    file: NEED,
    within: "const choice = chooseLocally({ set, record, pods });",
    changes: ["{ set, record, pods } -> { set, pods }"],
    reason:
      "the plan is at rest under the record's holder alone, who is then the only labelled pod; the types refuse it",
  },
  {
    file: NEED,
    within:
      "const observed = { names: ROLES, group: set.uid, record, pods, epochSeen: checker.status.epoch ?? 0, now };",
    changes: [
      "{ names: ROLES, group: set.uid, record, pods, epochSeen: checker.status.epoch ?? 0, now } -> { names: ROLES, group: set.uid, record, pods, now }",
      "{ names: ROLES, group: set.uid, record, pods, epochSeen: checker.status.epoch ?? 0, now } -> { names: ROLES, group: set.uid, record, pods, epochSeen: checker.status.epoch ?? 0 }",
      "checker.status.epoch ?? 0 -> checker.status.epoch && 0",
      "checker.status.epoch ?? 0 -> checker.status.epoch",
      "0 -> -1",
      "0 -> 1",
    ],
    reason: "they choose the number of a new epoch; here it matters only whether one is needed",
  },
  {
    file: RESTING,
    within: 'if (verdict.kind !== "lead" || verdict.target.uid !== holder?.uid || epoch === undefined) return false;',
    changes: ["holder?.uid -> holder.uid", "epoch === undefined -> false"],
    reason: "what is at rest is so under a holder and an epoch; the types refuse it",
  },
  {
    file: RESTING,
    within: "const scene = { set, record, pods };",
    changes: ["{ set, record, pods } -> { set, pods }"],
    reason: "at rest the record's holder is the only labelled pod, and nothing is wrong on the record",
  },
];
