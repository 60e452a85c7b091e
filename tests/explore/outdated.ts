/** A resourceVersion only matters as "current or not": every object of a server has `CURRENT`, and whoever changes one says whose copies grew old. */

export const CURRENT = "1";
export const OLD = "0";

/** The same value with every copy of the object that changed marked as old; what holds no such copy stays the very same. */
export const outdated = <T>(value: T, uid: string): T => {
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const changed = Object.entries(fields).flatMap(([key, part]) => {
    const next = key === "resourceVersion" && fields["uid"] === uid ? OLD : outdated(part, uid);
    return next === part ? [] : [[key, next] as const];
  });
  if (changed.length === 0) return value;
  const copy: unknown = Array.isArray(value) ? [...(value as readonly unknown[])] : { ...value };
  return Object.assign(copy as object, Object.fromEntries(changed)) as T;
};
