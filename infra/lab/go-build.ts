/** Builds a part of the lab from the pinned Go modules beside this file. */
import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { isNoProgram, runCommand } from "./command.ts";
import { withProgress, type Log } from "./progress.ts";
import { moduleFolder, modulesOf, type Part } from "./versions.ts";

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

/**
 * Builds `part` in `version` into `target`, atomically: concurrent builders each use a file of their own.
 * @throws when Go is missing or the build fails, with the last lines that Go printed.
 */
export const buildFromModule = async (part: Part, version: string, target: string, log: Log): Promise<void> => {
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
    const cwd = moduleFolder(modulesOf(part));
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
