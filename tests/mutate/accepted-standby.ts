/** Mutants of active/standby's rules that survive for a good reason: see `accepted.ts`. */
import type { Accepted } from "./verdict.ts";

const DECIDE = "functions/standby/decide.ts";
const LEAVERS = "functions/standby/leavers.ts";
const PLAN = "functions/standby/route/plan.ts";

export const ACCEPTED_OF_STANDBY: readonly Accepted[] = [
  {
    file: DECIDE,
    within: "if (oldest === undefined) return [];",
    changes: ["oldest === undefined -> false", '[] -> ["Stryker was here"]'],
    reason: "no group of Services is empty; says so to the types",
  },
  {
    file: LEAVERS,
    within: "if (record === undefined || leavers.length === 0) return { record, stop: undefined };",
    changes: ["record === undefined -> false"],
    reason: "without a record there are no leavers; says so to the types",
  },
  {
    file: DECIDE,
    within: "const older = all.filter((other) => byAge(other, standing) < 0);",
    changes: ["byAge(other, standing) < 0 -> byAge(other, standing) <= 0", "0 -> 1"],
    reason: "byAge says -1 or 1, and 1 of a group and itself",
  },
  {
    file: DECIDE,
    within: "(one.createdAt === other.createdAt ? 0 : one.createdAt < other.createdAt ? -1 : 1) ||",
    changes: ["one.createdAt < other.createdAt -> one.createdAt <= other.createdAt"],
    reason: "equal ones were set apart before",
  },
  {
    file: DECIDE,
    within: "(one.name < other.name ? -1 : 1);",
    changes: ["one.name < other.name -> one.name <= other.name"],
    reason: "two pods of a namespace have two names",
  },
  {
    file: PLAN,
    within: "const highest = Math.max(...slices.map(({ epoch = 0 }) => epoch));",
    changes: ["0 -> -1"],
    reason: "neither is above any epoch",
  },
  ...[
    "if (service.metadata.annotations?.[ROUTED_ANNOTATION] === undefined) {",
    "if (service.isKept && service.metadata.annotations?.[ROUTED_ANNOTATION] === undefined) {",
  ].map((within) => ({
    file: PLAN,
    within,
    changes: ["service.metadata.annotations?.[ROUTED_ANNOTATION] -> service.metadata.annotations[ROUTED_ANNOTATION]"],
    reason: "a Service asks for route mode by an annotation; the types refuse it",
  })),
  {
    file: PLAN,
    within:
      "const isTold = Object.entries(annotations).every(([key, text]) => service.metadata.annotations?.[key] === text);",
    changes: ["service.metadata.annotations?.[key] -> service.metadata.annotations[key]"],
    reason: "a Service asks for route mode by an annotation; the types refuse it",
  },
  {
    file: PLAN,
    within: "const epoch = nextEpoch([service.epoch ?? 0], now);",
    changes: ["0 -> -1", "0 -> 1"],
    reason: "the clock is above all of them",
  },
  {
    file: PLAN,
    within: "Math.max(nextEpoch([record.epoch ?? 0, service.epoch ?? 0], now), second?.epoch ?? 0);",
    changes: ["0 #1 -> -1", "0 #1 -> 1", "0 #2 -> -1", "0 #2 -> 1", "0 #3 -> -1", "0 #3 -> 1"],
    reason: "the clock is above all of them",
  },
  {
    file: PLAN,
    within:
      "second.holder === undefined && second.endpoints.length === 0 && (second.epoch ?? 0) > (record.epoch ?? 0);",
    changes: ["second.epoch ?? 0 -> second.epoch", "0 #2 -> -1"],
    reason: "what has no epoch is above none",
  },
  {
    file: PLAN,
    within: "second !== undefined && (second.epoch === undefined || second.epoch > (record.epoch ?? 0));",
    changes: ["record.epoch ?? 0 -> record.epoch", "0 -> -1", "0 -> 1"],
    reason: "a record without an epoch is over anyway",
  },
  {
    file: PLAN,
    within: "(service.epoch ?? 0) > (record.epoch ?? 0) ||",
    changes: [
      "service.epoch ?? 0 -> service.epoch",
      "0 #1 -> -1",
      "0 #1 -> 1",
      "record.epoch ?? 0 -> record.epoch",
      "0 #2 -> -1",
      "0 #2 -> 1",
    ],
    reason: "no epoch is below 1, and a record without one is over anyway",
  },
  ...[
    "const epoch = record.epoch ?? 0;",
    "const spec = recordSpec(observed, record.holder, record.epoch ?? 0);",
    "[ROUTED_EPOCH_ANNOTATION]: String(record.epoch ?? 0),",
  ].map((within) => ({
    file: PLAN,
    within,
    changes: ["record.epoch ?? 0 -> record.epoch", "0 -> -1", "0 -> 1"],
    reason: "a record without an epoch has had a new one taken before; says so to the types",
  })),
  {
    file: PLAN,
    within: "const labels = { [TURN]: record.turn ?? null };",
    changes: ["record.turn ?? null -> record.turn"],
    reason: "the turn has begun, so the record has one; the types refuse it",
  },
];
