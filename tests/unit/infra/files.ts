/** The project's files, as the tests of manifests and documents read them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { readManifests, type Manifest } from "../../../infra/lab/manifests.ts";

export const ROOT: string = path.resolve(import.meta.dirname, "../../..");

export const textOf = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

export const yamlOf = (file: string): unknown => parse(textOf(file));

/** Paths, relative to the root, of all files below a folder that end so. */
export const filesBelow = (folder: string, ending: string): readonly string[] =>
  readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => path.join(folder, file))
    .toSorted();

/** The one manifest of a kind, of that name if there are several. */
export const manifestOf = (folder: string, kind: string, name?: string): Manifest => {
  const found = readManifests(path.join(ROOT, folder)).filter(
    (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
  );
  const [manifest] = found;
  if (manifest === undefined || found.length > 1)
    throw new Error(`${folder} has ${found.length} of ${kind} ${name ?? ""}`);
  return manifest;
};
