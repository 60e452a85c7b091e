/**
 * Finds each binary of the lab, cheapest first: KUBEBUILDER_ASSETS, PATH, the cache, the official release, a build from
 * pinned Go modules. What was fetched or built stays in the cache.
 */
import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { runCommand } from "./command.ts";
import { buildFromModule } from "./go-build.ts";
import type { Log } from "./progress.ts";
import { fetchRelease } from "./release.ts";
import { modulesOf, PARTS, pinnedVersion, type Part, type PartName } from "./versions.ts";

export interface BinaryOptions {
  readonly log: Log;
}

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const cacheFolder = (part: Part, version: string): string => {
  const root = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(root, "bellwether", "lab", `${part.family}-${version}`);
};

/** The release that a binary reports about itself, with a leading `v`; undefined when it says none. */
const reportedVersion = async (file: string): Promise<string | undefined> => {
  const number = /(\d+\.\d+\.\d+)/.exec(await runCommand(file, ["--version"]))?.[1];
  return number === undefined ? undefined : `v${number}`;
};

/** KUBEBUILDER_ASSETS is the user's explicit choice: it is taken in whatever version it is. */
const fromAssets = async (part: Part, version: string, log: Log): Promise<string | undefined> => {
  const folder = process.env["KUBEBUILDER_ASSETS"];
  if (folder === undefined || folder === "") return undefined;
  const file = join(folder, part.name);
  if (!isExecutable(file)) return undefined;
  const reported = part.reportsVersion ? await reportedVersion(file) : undefined;
  log(`${part.name} ${reported ?? "of unknown version"} from KUBEBUILDER_ASSETS (pinned: ${version})`);
  return file;
};

const fromPath = async (part: Part, version: string, log: Log): Promise<string | undefined> => {
  if (!part.reportsVersion) return undefined;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const file = folders.map((folder) => join(folder, part.name)).find(isExecutable);
  if (file === undefined) return undefined;
  const reported = await reportedVersion(file);
  if (reported === version) return file;
  log(`${file} is skipped: it reports ${reported ?? "no version"}, wanted is ${version}`);
  return undefined;
};

/** Puts the binary into the cache when it is not there yet. */
const fromCache = async (part: Part, version: string, log: Log): Promise<string> => {
  const folder = cacheFolder(part, version);
  const file = join(folder, part.name);
  if (isExecutable(file)) return file;
  await mkdir(folder, { recursive: true });
  if (!(await fetchRelease(part, version, file, log))) await buildFromModule(part, version, file, log);
  return file;
};

/**
 * The path of a runnable binary; the first call on a machine may take minutes.
 * @throws with what to install when it can be neither found, fetched nor built.
 */
export const findBinary = async (name: PartName, { log }: BinaryOptions): Promise<string> => {
  const part = PARTS[name];
  const version = pinnedVersion(modulesOf(part));
  return (
    (await fromAssets(part, version, log)) ??
    (await fromPath(part, version, log)) ??
    (await fromCache(part, version, log))
  );
};
