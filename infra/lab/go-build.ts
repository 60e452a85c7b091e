/**
 * Builds a part of the lab from Go modules: the pinned ones beside this file, or for another Kubernetes release a module
 * made on the fly, whose replaced staging modules are taken from that release's own go.mod.
 */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNoProgram, runCommand } from "./command.ts";
import { withProgress, type Log } from "./progress.ts";
import { moduleFolder, pinnedVersion, LAB_PARTS, type Part } from "./versions.ts";

const goMissing = (part: Part): Error =>
  new Error(
    `${part.name} must be built and there is no Go: install Go 1.26 or newer (https://go.dev/dl/), ` +
      "or name a folder with the binaries in KUBEBUILDER_ASSETS",
  );

/** What shows a placeholder unless the linker sets the release: `/version` (k8s.io/component-base/version) and `func version`. */
const versionFlags = (part: Part, version: string): string => {
  if (part.family === "func") return ` -X knative.dev/func/pkg/version.Vers=${version}`;
  if (part.family !== "kubernetes" && part.family !== "node") return "";
  const [major = "", minor = ""] = version.slice(1).split(".");
  const variable = " -X k8s.io/component-base/version";
  return `${variable}.gitVersion=${version}${variable}.gitMajor=${major}${variable}.gitMinor=${minor}`;
};

/** Release v1.X.Y of Kubernetes publishes its staging modules as v0.X.Y. */
const stagingVersion = (version: string): string => version.replace("v1.", "v0.");

const writeModule = async (folder: string, version: string): Promise<void> => {
  const described = await runCommand("go", ["mod", "download", "-json", `k8s.io/kubernetes@${version}`]);
  const { GoMod }: { readonly GoMod: string } = JSON.parse(described);
  const goMod = await readFile(GoMod, "utf8");
  const goLine = /^go .+$/m.exec(goMod)?.[0] ?? "go 1.26";
  const staging = [...goMod.matchAll(/^\s*(?:replace )?(k8s\.io\/\S+) => \.\/staging/gm)].map(
    ([, name]) => `replace ${name} => ${name} ${stagingVersion(version)}`,
  );
  await mkdir(folder, { recursive: true });
  const content = ["module bellwether.dev/lab/kubernetes", goLine, ...staging].join("\n\n");
  await writeFile(join(folder, "go.mod"), `${content}\n`);
  const tools = Object.values(LAB_PARTS).filter(({ family }) => family === "kubernetes");
  await runCommand("go", ["get", "-tool", ...tools.map(({ goPackage }) => `${goPackage}@${version}`)], { cwd: folder });
};

const moduleFor = async (part: Part, version: string, cache: string, log: Log): Promise<string> => {
  if (version === pinnedVersion(part.family)) return moduleFolder(part.family);
  const folder = join(cache, "module");
  if (existsSync(join(folder, "go.sum"))) return folder;
  const draft = `${folder}.${randomUUID()}`;
  try {
    await withProgress(`resolve Go modules of Kubernetes ${version}`, log, () => writeModule(draft, version));
    if (existsSync(folder)) return folder;
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
};

/**
 * Builds `part` in `version` into `target`, atomically: concurrent builders each use a file of their own.
 * @throws when Go is missing or the build fails, with the last lines that Go printed.
 */
export const buildFromModule = async (part: Part, version: string, target: string, log: Log): Promise<void> => {
  const cache = dirname(target);
  const draft = `${target}.${randomUUID()}`;
  const args = [
    "build",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    `-s -w${versionFlags(part, version)}`,
    "-o",
    draft,
  ];
  try {
    await runCommand("go", ["version"]);
    const cwd = await moduleFor(part, version, cache, log);
    await withProgress(`build ${part.name} ${version}`, log, () =>
      runCommand("go", [...args, part.goPackage], { cwd, env: { CGO_ENABLED: "0" } }),
    );
    await rename(draft, target);
  } catch (error) {
    throw isNoProgram(error) ? goMissing(part) : error;
  } finally {
    await rm(draft, { force: true });
  }
};
