/** Finds what a pinned Go module carries beside its code: the CRDs and the configuration that its project releases, of the very version that runs. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isNoProgram, runCommand } from "../command.ts";
import { parseManifests, readManifests, type Manifest } from "../manifests.ts";
import { mainModule, moduleFolder, type FamilyName } from "../versions.ts";

/**
 * The folder with the files of a module in the version that the family pins.
 * @throws when Go is missing, and when the module is neither in Go's cache nor within reach.
 */
export const moduleFiles = async (family: FamilyName, module: string = mainModule(family)): Promise<string> => {
  try {
    const described = await runCommand("go", ["mod", "download", "-json", module], { cwd: moduleFolder(family) });
    const { Dir }: { readonly Dir: string } = JSON.parse(described);
    return Dir;
  } catch (error) {
    if (!isNoProgram(error)) throw error;
    throw new Error(
      `the manifests of ${module} come with its Go module and there is no Go: install Go 1.26 or newer (https://go.dev/dl/)`,
      { cause: error },
    );
  }
};

/** The manifests of files, and of all YAML files of folders, below `root`. */
export const manifestsBelow = (root: string, paths: readonly string[]): readonly Manifest[] =>
  paths
    .map((path) => join(root, path))
    .flatMap((path) =>
      statSync(path).isDirectory() ? readManifests(path) : parseManifests(readFileSync(path, "utf8")),
    );
