/** Explored servers know "current or not" only (`outdated.ts`): between them and the shipped flow the versions of objects are counted. */
import { CURRENT, OLD } from "./outdated.ts";

export interface Versions {
  /** With numbers in the place of `CURRENT`. */
  readonly counted: <T>(value: T) => T;
  /** The other way round. */
  readonly judged: <T>(value: T) => T;
  readonly touch: (uid: string) => void;
}

/** `isCounted`: objects of other uids keep the versions that they have. */
export const createVersions = (isCounted: (uid: string) => boolean): Versions => {
  const counts = new Map<string, number>();
  const versionOf = (uid: string): string => String(counts.get(uid) ?? 1);
  /** With other versions in all that has a uid and one. */
  const mapped = <T>(value: T, versionIn: (uid: string, version: unknown) => unknown): T => {
    if (typeof value !== "object" || value === null) return value;
    const { uid } = value as { readonly uid?: string };
    const entries = Object.entries(value).map(([key, part]) => {
      const isVersion = key === "resourceVersion" && uid !== undefined && isCounted(uid);
      return [key, isVersion ? versionIn(uid, part) : mapped<unknown>(part, versionIn)] as const;
    });
    return (Array.isArray(value) ? entries.map(([, part]) => part) : Object.fromEntries(entries)) as T;
  };
  return {
    counted: (value) => mapped(value, versionOf),
    judged: (value) => mapped(value, (uid, version) => (version === versionOf(uid) ? CURRENT : OLD)),
    touch: (uid) => void counts.set(uid, Number(versionOf(uid)) + 1),
  };
};
