/**
 * Writes tar archives (POSIX ustar) whose bytes follow from names, modes and contents alone: no times, no owners, entries in order of
 * their names. In pieces, because contents of a hundred megabytes need not be copied.
 */

export interface TarFile {
  /** Relative, with `/` between folders; without one at the end. */
  readonly path: string;
  readonly content: Uint8Array;
  /** Such as 0o755. Default: 0o644. */
  readonly mode?: number;
}

const blockBytes = 512;
const nameBytes = 100;
const prefixBytes = 155;
const defaultMode = 0o644;

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;

/** A long path is cut at a slash. @throws when that does not make it fit. */
const splitName = (path: string): readonly [prefix: string, name: string] => {
  if (path.length <= nameBytes) return ["", path];
  const cut = path.lastIndexOf("/", prefixBytes);
  const parts = [path.slice(0, cut), path.slice(cut + 1)] as const;
  if (cut > 0 && parts[1].length <= nameBytes) return parts;
  throw new Error(`path is ${path}; a tar archive takes up to ${nameBytes} characters after a slash`);
};

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, "ustar Interchange Format" */
const headerOf = ({ path, content, mode = defaultMode }: TarFile): Uint8Array => {
  const header = Buffer.alloc(blockBytes);
  const [prefix, name] = splitName(path);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  // The sum is taken with spaces in its place.
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\u{0}00", 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
};

const paddingOf = ({ content }: TarFile): Uint8Array =>
  Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes);

/** The archive's pieces, one after the other. @throws for a path that does not fit. */
export const tar = (files: readonly TarFile[]): readonly Uint8Array[] => [
  ...files
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .flatMap((file) => [headerOf(file), file.content, paddingOf(file)]),
  Buffer.alloc(2 * blockBytes),
];
