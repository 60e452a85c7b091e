/** The states that were reached, exactly (nothing is hashed away): rows of numbers, in the order of their discovery, and whence each came. */

export interface Store {
  /** True: the row is new. */
  add(row: Int32Array, parent: number): boolean;
  /** Columns of a row. */
  readonly width: number;
  read(index: number, into: Int32Array): void;
  /** -1: a root. */
  parentOf(index: number): number;
  size(): number;
}

const ROWS_FIRST = 1 << 15;

/** FNV-1a over whole numbers, mixed at the end. */
const hashOf = (row: Int32Array): number => {
  let hash = 0x811c9dc5;
  for (const value of row) hash = Math.imul(hash ^ value, 0x01000193) ^ (hash >>> 15);
  return Math.imul(hash ^ (hash >>> 13), 0x85ebca6b) >>> 0;
};

const grown = (array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
};

export const createStore = (width: number): Store => {
  let rows = new Int32Array(ROWS_FIRST * width);
  let parents = new Int32Array(ROWS_FIRST);
  /** Open addressing; 0: free, otherwise index + 1. */
  let table = new Int32Array(ROWS_FIRST * 2);
  let size = 0;
  const scratch = new Int32Array(width);

  const holds = (index: number, row: Int32Array): boolean => {
    for (let column = 0; column < width; column += 1) {
      if (rows[index * width + column] !== row[column]) return false;
    }
    return true;
  };
  const placeOf = (row: Int32Array): number => {
    const mask = table.length - 1;
    let place = hashOf(row) & mask;
    for (;;) {
      const entry = table[place] ?? 0;
      if (entry === 0 || holds(entry - 1, row)) return place;
      place = (place + 1) & mask;
    }
  };
  const read = (index: number, into: Int32Array): void => {
    for (let column = 0; column < width; column += 1) into[column] = rows[index * width + column] ?? 0;
  };
  const grow = (): void => {
    rows = grown(rows);
    parents = grown(parents);
    table = new Int32Array(parents.length * 2);
    for (let index = 0; index < size; index += 1) {
      read(index, scratch);
      table[placeOf(scratch)] = index + 1;
    }
  };

  return {
    width,
    add: (row, parent) => {
      const place = placeOf(row);
      if (table[place] !== 0) return false;
      rows.set(row, size * width);
      parents[size] = parent;
      size += 1;
      table[place] = size;
      if (size === parents.length) grow();
      return true;
    },
    read,
    parentOf: (index) => parents[index] ?? -1,
    size: () => size,
  };
};
