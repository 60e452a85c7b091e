/** Mutants that survive for a good reason. An entry goes when its mutant is killed or its line changes: then think again. */
import { ACCEPTED_OF_ROLES } from "./accepted-roles.ts";
import { ACCEPTED_OF_STANDBY } from "./accepted-standby.ts";
import type { Accepted } from "./verdict.ts";

const PLAN = "functions/kit/handover/plan.ts";
const EXECUTOR = "functions/kit/handover/executor.ts";
const CONTEST = "functions/kit/handover/contest.ts";
const END = "functions/kit/handover/end.ts";
const CHOOSE = "functions/kit/handover/choose.ts";
const OWNERS = "functions/kit/group/owners.ts";
const RECONCILE = "functions/kit/reconcile.ts";
const SLOTS = "functions/kit/slots.ts";
const DECIDE = "functions/election/decide.ts";
const NEED = "functions/election/need.ts";

export const ACCEPTED: readonly Accepted[] = [
  {
    file: PLAN,
    within: "pod.stamp?.epoch === record.epoch && pod.stamp.record === record.uid;",
    changes: ["pod.stamp.record === record.uid -> true"],
    reason: "a stamp of this epoch under another Lease has had a new epoch taken before it is compared here",
  },
  {
    file: PLAN,
    within: "const stamp = (pod.stamp?.epoch ?? 0) < record.epoch ? stampOf(names, record) : {};",
    changes: ["0 -> -1"],
    reason: "epochs begin at 1: -1 is below them as 0 is",
  },
  {
    file: PLAN,
    within: "const seen = [epochSeen, record?.epoch ?? 0, ...pods.map((pod) => pod.stamp?.epoch ?? 0)];",
    changes: ["0 #1 -> -1", "0 #2 -> -1"],
    reason: "a new epoch is at least 1, which is one more than 0 and more than one above -1",
  },
  {
    file: PLAN,
    within: "const enrolled = pods.filter((pod) => pod.member && pod.group === group);",
    changes: ["pod.group === group -> true"],
    reason: "a member of another group has had an enrolment planned before; says aloud what a target must be",
  },
  {
    file: PLAN,
    within: 'const leader = target.kind === "pod" ? enrolled.find((pod) => pod.uid === target.uid) : undefined;',
    changes: ['target.kind === "pod" -> true'],
    reason: "nobody has no uid, and no pod is without one; the types refuse it",
  },
  {
    file: "functions/kit/handover/epoch.ts",
    within: "if (text === undefined || !EPOCH_TEXT.test(text)) return undefined;",
    changes: ["text === undefined -> false"],
    reason: 'the pattern does not match "undefined" either; the types refuse it',
  },
  {
    file: "functions/kit/handover/model.ts",
    within: "const time = text === undefined ? Number.NaN : Date.parse(text);",
    changes: ["text === undefined -> false"],
    reason: "Date.parse(undefined) is NaN too; the types refuse it",
  },
  ...[
    ': { observed, stop: { kind: "refused", doing: "list enrolled pods", response: listing.response } };',
    'return { observed, stop: { kind: "restart", reason: "the owner is gone or was edited" } };',
  ].map((within) => {
    const stop = within.slice(within.indexOf("stop:"), within.lastIndexOf(" }"));
    return {
      file: EXECUTOR,
      within,
      changes: [`{ observed, ${stop} } -> { ${stop} }`],
      reason: "an attempt that stops at the record has no further use for its view; the types refuse it",
    };
  }),
  {
    file: EXECUTOR,
    within: "for (let start = 0; start < changes.length && sent.stop === undefined; start += PARALLEL_WRITES_MAX) {",
    changes: ["start < changes.length -> start <= changes.length"],
    reason: "one batch more, of nothing",
  },
  {
    file: EXECUTOR,
    within: 'else if (answer.kind === "now" && answer.pod !== undefined) ports.observer.wrote(phase);',
    changes: ['answer.kind === "now" -> true'],
    reason: "no other answer has a pod; the types refuse it",
  },
  ...[
    "pod.uid === record?.holder?.uid ? names.leader : names.follower;",
    "pod.uid === record?.holder?.uid && pod.token === undefined;",
  ].map((within) => ({
    file: CONTEST,
    within,
    changes: ["record?.holder -> record.holder"],
    reason: "asked only of a pod that carries the stamp of the record, so there is one",
  })),
  {
    file: END,
    within:
      'const attempt = await handOver(leaving, { names, group, record, pods, epochSeen, now }, { kind: "nobody" });',
    changes: ['{ kind: "nobody" } -> {}'],
    reason: "whatever is not a pod is nobody; the types refuse it",
  },
  {
    file: RECONCILE,
    within: "if (wholeMs > leastMs) await Promise.race([news, clock.sleep((wholeMs - leastMs) * spread)]);",
    changes: ["wholeMs > leastMs -> true", "wholeMs > leastMs -> wholeMs >= leastMs"],
    reason: "a pause of nothing",
  },
  {
    file: RECONCILE,
    within: 'if (outcome.kind === "retry") {',
    changes: ['outcome.kind === "retry" -> true'],
    reason: "what is done asks for no pause; the types refuse it",
  },
  {
    file: RECONCILE,
    within: "idlers = [];",
    changes: ["idlers = []; -> ;"],
    reason: "a promise that is resolved twice was resolved once",
  },
  {
    file: SLOTS,
    within: "let tickets = 0;",
    changes: ["0 -> -1", "0 -> 1"],
    reason: "tickets are compared with each other only",
  },
  {
    file: SLOTS,
    within: "tickets += 1;",
    changes: ["1 -> 2"],
    reason: "tickets are compared with each other only",
  },
  {
    file: SLOTS,
    within: 'return other === undefined || slow.ticket < other.ticket ? "slow" : "other";',
    changes: ["slow.ticket < other.ticket -> slow.ticket <= other.ticket"],
    reason: "no two have the same ticket",
  },
  {
    file: SLOTS,
    within: "entered?.enter();",
    changes: ["entered?.enter -> entered.enter"],
    reason: "a queue that is chosen is not empty; says so to the types",
  },
  {
    file: OWNERS,
    within: 'const ageText = ({ metadata }: Owner): string => `${metadata.creationTimestamp ?? ""} ${metadata.uid}`;',
    changes: ['metadata.creationTimestamp ?? "" -> metadata.creationTimestamp'],
    reason: "what was read from an API server has a creationTimestamp",
  },
  {
    file: OWNERS,
    within: "const comesFirst = byAge(other, owner) < 0 && stands(other);",
    changes: ["byAge(other, owner) < 0 -> byAge(other, owner) <= 0", "0 -> 1"],
    reason: "byAge says -1 or 1, and 1 of an owner and itself",
  },
  {
    file: DECIDE,
    within: 'const holdsLease = reading.kind === "ours" && reading.owner?.uid === lock.uid;',
    changes: ['reading.kind === "ours" -> true'],
    reason: "no other reading has an owner; the types refuse it",
  },
  {
    file: DECIDE,
    within: "other.priority - one.priority || one.ordinal - other.ordinal || (one.uid < other.uid ? -1 : 1);",
    changes: ["one.uid < other.uid -> one.uid <= other.uid"],
    reason: "two pods have two uids",
  },
  {
    file: CHOOSE,
    within: "if (record === undefined || holder === undefined) return undefined;",
    changes: ["record === undefined -> false"],
    reason: "without a record there is no holder; the types refuse it",
  },
  {
    file: CHOOSE,
    within:
      "const [highest] = stamped.toSorted((a, b) => (b.stamp?.epoch ?? 0) - (a.stamp?.epoch ?? 0) || order(a, b));",
    changes: [
      "0 #1 -> -1",
      "0 #1 -> 1",
      "0 #2 -> -1",
      "0 #2 -> 1",
      "b.stamp?.epoch ?? 0 -> b.stamp?.epoch",
      "b.stamp?.epoch -> b.stamp.epoch",
      "a.stamp?.epoch ?? 0 -> a.stamp?.epoch",
      "a.stamp?.epoch -> a.stamp.epoch",
    ],
    reason: "only pods with a stamp are sorted; the types refuse it",
  },
  {
    file: "functions/kit/handover/inspect.ts",
    within: "pod.name === record.holder?.name &&",
    changes: ["record.holder?.name -> record.holder.name"],
    reason: "asked only under a record that has a holder; the types refuse it",
  },
  {
    file: NEED,
    within: "const election = elect({ lock, set, record, pods });",
    changes: ["{ lock, set, record, pods } -> { lock, set, pods }"],
    reason:
      "the plan is at rest under the record's holder alone, who is then the only labelled pod; the types refuse it",
  },
  {
    file: NEED,
    within: 'if (election.kind !== "lead" || record.epoch === undefined) return undefined;',
    changes: ["record.epoch === undefined -> false"],
    reason: "the plan of a record without epoch is not at rest; the types refuse it",
  },
  {
    file: NEED,
    within: "const observed = { names: ROLES, group: set.uid, record, pods, epochSeen: lock.status.epoch ?? 0, now };",
    changes: [
      "{ names: ROLES, group: set.uid, record, pods, epochSeen: lock.status.epoch ?? 0, now } -> { names: ROLES, group: set.uid, record, pods, now }",
      "{ names: ROLES, group: set.uid, record, pods, epochSeen: lock.status.epoch ?? 0, now } -> { names: ROLES, group: set.uid, record, pods, epochSeen: lock.status.epoch ?? 0 }",
      "lock.status.epoch ?? 0 -> lock.status.epoch && 0",
      "lock.status.epoch ?? 0 -> lock.status.epoch",
      "0 -> -1",
      "0 -> 1",
    ],
    reason: "they choose the number of a new epoch; here it matters only whether one is needed",
  },
  {
    file: "functions/kit/handover/record.ts",
    within: "lease?.metadata.annotations?.[OWNER_ANNOTATION] !== ownerText(owner);",
    changes: [
      "lease?.metadata.annotations?.[OWNER_ANNOTATION] -> lease?.metadata.annotations[OWNER_ANNOTATION]",
      "lease?.metadata -> lease.metadata",
    ],
    reason: "asked only of a Lease that is ours and has an epoch; the types refuse it",
  },
  {
    file: NEED,
    within: "if (set === undefined || record === undefined) return RUN;",
    changes: ["set === undefined -> false"],
    reason: "no lock is served without its StatefulSet; the types refuse it",
  },
  ...ACCEPTED_OF_ROLES,
  ...ACCEPTED_OF_STANDBY,
];
