/**
 * JSON values as the memory API keeps them: frozen, shared between versions, compared and merged without copying what
 * did not change. This is what keeps thousands of simulated runs cheap.
 */

export type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = Object.freeze({});

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value as an object; an empty one when it is anything else. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : NONE);

export const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The string, or undefined when it is absent, empty or not a string. */
export const textIn = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** A copy as it would arrive over HTTP: `undefined` members vanish. */
export const copyJson = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => copyJson(item) ?? null);
  if (!isFields(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) if (member !== undefined) copy[name] = copyJson(member);
  return copy;
};

/** Freezes deeply; stops at what is frozen already. */
export const freeze = <T>(value: T): T => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) freeze(member);
  return value;
};

const sameFields = (left: Fields, right: Fields): boolean => {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
  );
};

/** Deep equality without regard to the order of members. */
export const sameJson = (left: unknown, right: unknown): boolean => {
  if (left === right) return true;
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((item, at) => sameJson(item, right[at]));
  }
  return isFields(left) && isFields(right) && sameFields(left, right);
};

export const omit = (fields: Fields, ...names: readonly string[]): Fields => {
  const rest: Record<string, unknown> = { ...fields };
  for (const name of names) delete rest[name];
  return rest;
};

/** The fields without members that are undefined, which is how optional ones are left out. */
export const present = (fields: Fields): Fields => {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
  return kept;
};

/** The defaults for what is absent, in front of what is given; the given object itself when nothing is absent. */
export const withDefaults = (given: Fields, defaults: Fields): Fields =>
  Object.keys(defaults).every((name) => Object.hasOwn(given, name)) ? given : { ...defaults, ...given };

/** JSON merge patch, RFC 7386; returns the target itself when nothing changes. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isFields(patch)) return sameJson(target, patch) ? target : copyJson(patch);
  const base = fieldsOf(target);
  const result: Record<string, unknown> = { ...base };
  let changed = base !== target;
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    const next = value === null ? undefined : mergePatch(base[name], value);
    if (next === base[name]) continue;
    changed = true;
    if (next === undefined) delete result[name];
    else result[name] = next;
  }
  return changed ? result : target;
};
