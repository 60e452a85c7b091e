/** Small numbers for plain values, equal numbers for equal values: so that a state of the exploration is a short row of them. */

export interface Numbering<T> {
  idOf(value: T): number;
  /** Throws for a number that was never given. */
  valueOf(id: number): T;
  size(): number;
}

export type TextOf = (value: unknown) => string;

/** Objects of the API and views of them: the large parts, which many values share. */
const isShared = (value: object): boolean => "metadata" in value || "resourceVersion" in value;

/** A text for any plain value, the same if and only if it is equal. Values here never change, so that each shared part is read only once. */
export const createTexts = (): TextOf => {
  const read = new WeakMap<object, string>();
  const names = new Map<string, string>();
  const inFull = (value: object): string => {
    const parts = value as Readonly<Record<string, unknown>>;
    let text = Array.isArray(value) ? "[" : "{";
    for (const name of Object.keys(parts)) text += `${name}\0${textOf(parts[name])}\0`;
    return `${text}}`;
  };
  const textOf: TextOf = (value) => {
    if (typeof value === "string") return `"${value}`;
    if (typeof value !== "object" || value === null) return `=${String(value)}`;
    if (!isShared(value)) return inFull(value);
    const known = read.get(value);
    if (known !== undefined) return known;
    const text = inFull(value);
    const name = names.get(text) ?? `#${names.size}`;
    names.set(text, name);
    read.set(value, name);
    return name;
  };
  return textOf;
};

export const createNumbering = <T>(textOf: TextOf): Numbering<T> => {
  const ids = new Map<string, number>();
  const values: T[] = [];
  return {
    idOf: (value) => {
      const text = textOf(value);
      const known = ids.get(text);
      if (known !== undefined) return known;
      ids.set(text, values.length);
      values.push(value);
      return values.length - 1;
    },
    valueOf: (id) => {
      const value = values[id];
      if (value === undefined) throw new Error(`number: got ${id}, accepts 0 to ${values.length - 1}`);
      return value;
    },
    size: () => values.length,
  };
};
