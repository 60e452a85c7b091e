/**
 * Completes package-lock.json: a registry that lacks some platform packages makes `npm install` leave them out, and `npm ci`
 * then refuses the lock. Adds what is missing, as a complete registry would have it; with `--check` it only compares.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** One entry of `packages`, https://docs.npmjs.com/cli/configuring-npm/package-lock-json */
export interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Folder (`node_modules/a/node_modules/b`; empty for the project itself) to entry. */
export type LockPackages = Readonly<Record<string, LockEntry>>;

export interface Platform {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const SYSTEMS = new Set(["android", "darwin", "freebsd", "linux", "openharmony", "win32"]);
const PROCESSORS = new Set(["arm", "arm64", "ia32", "ppc64", "riscv64", "s390x", "wasm32", "x64"]);
/** Only whole words: packages for `gnueabihf` and `musleabihf` do not say which C library they need. */
const LIBRARIES: Readonly<Record<string, string>> = { gnu: "glibc", musl: "musl" };
const EXACT_VERSION = /^[0-9]+\.[0-9]+\.[0-9]+[^\s|]*$/;

const byName = new Intl.Collator("en");

/** What a platform package's name says of where it runs: `@oxlint/binding-linux-x64-gnu` is linux, x64, glibc. */
export const platformOf = (name: string): Platform => {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const os = words.filter((word) => SYSTEMS.has(word));
  const cpu = words.filter((word) => PROCESSORS.has(word));
  const libc = words.flatMap((word) => LIBRARIES[word] ?? []);
  return {
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libc.length > 0 ? { libc } : {}),
    ...(os.length > 0 ? { os } : {}),
  };
};

/** The folders in which Node.js looks for a package that `parent` asks for, nearest first. */
const foldersFor = (parent: string, name: string): readonly string[] => {
  const folders: string[] = [];
  let folder = parent;
  while (folder !== "") {
    folders.push(`${folder}/node_modules/${name}`);
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1));
  }
  return [...folders, `node_modules/${name}`];
};

/** Entries that the lock lacks, by folder. Throws for one whose version is a range: only a registry can resolve that. */
export const missingEntries = (packages: LockPackages): LockPackages => {
  const missing: Record<string, LockEntry> = {};
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (foldersFor(parent, name).some((folder) => folder in packages)) continue;
      if (!EXACT_VERSION.test(version)) {
        throw new Error(`${name}: version is "${version}"; only an exact version can be added to package-lock.json`);
      }
      const dev = entry.dev === true ? { dev: true } : {};
      missing[`node_modules/${name}`] = { version, ...dev, optional: true, ...platformOf(name) };
    }
  }
  return missing;
};

/** Folders whose entry names the registry that it came from: such a lock works on one network only. */
export const resolvedFolders = (packages: LockPackages): readonly string[] =>
  Object.entries(packages).flatMap(([folder, { resolved }]) => (resolved === undefined ? [] : [folder]));

/** The packages with what was missing, in npm's order. */
export const completed = (packages: LockPackages): LockPackages =>
  Object.fromEntries(
    Object.entries({ ...packages, ...missingEntries(packages) }).toSorted(([one], [other]) =>
      byName.compare(one, other),
    ),
  );

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
  const file = path.resolve("package-lock.json");
  const lock = JSON.parse(await readFile(file, "utf8")) as { readonly packages: LockPackages };
  const missing = Object.keys(missingEntries(lock.packages));
  const resolved = resolvedFolders(lock.packages);
  if (missing.length > 0 && !values.check) {
    await writeFile(file, `${JSON.stringify({ ...lock, packages: completed(lock.packages) }, undefined, 2)}\n`);
    process.stdout.write(`package-lock.json: added ${missing.length} packages of other platforms\n`);
  }
  const problems = [
    ...(values.check && missing.length > 0
      ? [`lacks ${missing.length} packages, such as ${missing[0]}; run "npx node infra/tools/lockfile.ts"`]
      : []),
    ...(resolved.length > 0
      ? [`names a registry for ${resolved.join(", ")}; remove the "resolved" fields and keep .npmrc`]
      : []),
  ];
  for (const problem of problems) process.stderr.write(`package-lock.json ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
