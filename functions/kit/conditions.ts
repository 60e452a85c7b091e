/**
 * Status conditions, recomputed from what was observed on each pass; only `lastTransitionTime` is carried over.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties
 */
import { secondTime } from "./kube/micro-time.ts";

/** What a pass found. */
export interface Finding {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

const LISTED_MAX = 5;

/** A list that stays readable, and below the 32768 characters of a condition's message, however long it is. */
export const listed = (items: readonly string[], separator: string): string =>
  items.length <= LISTED_MAX
    ? items.join(separator)
    : `${items.slice(0, LISTED_MAX).join(separator)}${separator}and ${items.length - LISTED_MAX} more`;

/** Longer texts in foreign objects are no names, and would make a condition too long to be stored. */
const NAME_CHARACTERS_MAX = 253;

/** A name that somebody else wrote, as a message shows it. */
export const quoted = (name: string): string => JSON.stringify(name.slice(0, NAME_CHARACTERS_MAX));

/** In one line, as lists of findings are read. */
export const at = (type: string, status: Finding["status"], reason: string, message: string): Finding => ({
  type,
  status,
  reason,
  message,
});

/** A condition that exists only while it is true. */
export const trueFinding = (type: string, reason: string, message: string): Finding =>
  at(type, "True", reason, message);

export interface Condition extends Finding {
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** The conditions to store: those found now and no others; the time moves only when the status of a type does. */
export const conditionsFrom = (
  before: readonly Condition[],
  found: readonly Finding[],
  { now, generation }: { now: number; generation: number },
): readonly Condition[] =>
  found.map((finding) => {
    const old = before.find(({ type }) => type === finding.type);
    const kept = old?.status === finding.status ? old.lastTransitionTime : undefined;
    return { ...finding, observedGeneration: generation, lastTransitionTime: kept ?? secondTime(now) };
  });

/** One finding a type: the first, with the messages of its like joined. */
export const joined = (findings: readonly Finding[]): readonly Finding[] => {
  const byType = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byType.get(finding.type);
    byType.set(
      finding.type,
      known === undefined ? finding : { ...known, message: `${known.message}; ${finding.message}` },
    );
  }
  return [...byType.values()];
};

const conditionText = ({ type, status, reason, message, observedGeneration, lastTransitionTime }: Condition): string =>
  [type, status, reason, message, observedGeneration, lastTransitionTime].join("\n");

/** In the same order, too: they are stored as they are computed. */
export const areSameConditions = (one: readonly Condition[], other: readonly Condition[]): boolean =>
  one.map(conditionText).join("\n\n") === other.map(conditionText).join("\n\n");

/** Findings that were not there before, or say something else now: each is worth one Kubernetes Event. */
export const newFindings = (before: readonly Condition[], found: readonly Finding[]): readonly Finding[] =>
  found.filter(
    ({ type, status, reason, message }) =>
      !before.some(
        (old) => old.type === type && old.status === status && old.reason === reason && old.message === message,
      ),
  );
