/** What a history is made of: every state of every object that an observer saw, and the stretches that it missed. */
import type { KubeObject } from "../kube/object.ts";

export interface Revision {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** Decimal. All objects of one etcd share one count, so it orders the whole history. */
  readonly resourceVersion: string;
  /** With apiVersion and kind; of a deleted object the last state. */
  readonly object: KubeObject;
  /** Milliseconds since 1970 on the observer's clock; without it, durations come from the object in whole seconds. */
  readonly observedAt?: number;
}

/** A watch that could not go on where it ended (410 Gone): states of one kind may be missing between two versions. */
export interface Gap {
  /** Plural of the kind. */
  readonly resource: string;
  /** Everything was seen up to here, and again from there on. */
  readonly after: string;
  readonly until: string;
}

const DECIMAL = /^(?:0|[1-9][0-9]*)$/;

const decimal = (version: string): string => {
  if (DECIMAL.test(version)) return version;
  throw new SyntaxError(`resourceVersion: got ${JSON.stringify(version)}, accepted is a whole number`);
};

/**
 * Orders decimal resourceVersions, the longer one being the larger (https://kep.k8s.io/5504), for `toSorted`.
 * @throws SyntaxError when one is not an integer.
 */
export const compareVersions = (left: string, right: string): number => {
  const [one, other] = [decimal(left), decimal(right)];
  if (one === other) return 0;
  const isLess = one.length === other.length ? one < other : one.length < other.length;
  return isLess ? -1 : 1;
};

/** The version lies in a stretch that the observer missed. */
export const isMissed = (version: string, gaps: readonly Gap[]): boolean =>
  gaps.some(({ after, until }) => compareVersions(after, version) < 0 && compareVersions(version, until) <= 0);

/** States of the kind may have been missed after the one version, and before the other. */
export const isMissedBetween = (
  { resource, since, version }: { readonly resource: string; readonly since: string; readonly version: string },
  gaps: readonly Gap[],
): boolean =>
  gaps.some(
    (gap) =>
      gap.resource === resource && compareVersions(since, gap.after) <= 0 && compareVersions(gap.after, version) < 0,
  );

/** The newest time that the object itself carries: that of its last attributed write, in milliseconds since 1970. */
const objectTime = ({ metadata }: KubeObject): number | undefined => {
  const texts = [metadata.creationTimestamp, ...(metadata.managedFields ?? []).map(({ time }) => time)];
  const times = texts.flatMap((text) => (text === undefined ? [] : [Date.parse(text)]));
  return times.length === 0 ? undefined : Math.max(...times);
};

/** Milliseconds since 1970; undefined when neither observer nor object tell. */
export const timeOf = ({ observedAt, object }: Revision): number | undefined => observedAt ?? objectTime(object);

/** Milliseconds from one revision to another, both by the same clock; undefined when there is no such clock. */
export const elapsedMs = (from: Revision, to: Revision): number | undefined => {
  const observed = from.observedAt !== undefined && to.observedAt !== undefined;
  const begin = observed ? from.observedAt : objectTime(from.object);
  const end = observed ? to.observedAt : objectTime(to.object);
  return begin === undefined || end === undefined ? undefined : end - begin;
};
