/**
 * What of others is in the bundle: found from the bundler's list of inputs, described by package-lock.json, because the image has no
 * node_modules in which a scanner, or whoever asks for licences, could look.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier or expression. */
  readonly licence: string;
  readonly licenceText: string;
  /** As package-lock.json has it: algorithm and base64, such as `sha512-…`. */
  readonly integrity: string;
}

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

const MODULES = "node_modules/";
const LICENCE_FILE = /^licen[cs]e/i;
const SPDX_ID = /^[\w.+-]+$/;

/** `node_modules/@a/b/c.js` belongs to `node_modules/@a/b`; undefined: the file is ours. */
const folderOf = (input: string): string | undefined => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];

/** The comment that a file begins with; empty: none. */
const headOf = async (file: string): Promise<string> =>
  /^(?:\/\/.*\n)*/
    .exec(await readFile(file, "utf8"))?.[0]
    .replaceAll(/^\/\/ ?/gm, "")
    .trim() ?? "";

/** The package's licence file; where it has none, what its bundled files begin with. */
const licenceTextOf = async (root: string, folder: string, inputs: readonly string[]): Promise<string> => {
  const file = (await readdir(path.join(root, folder))).toSorted().find((name) => LICENCE_FILE.test(name));
  if (file !== undefined) return (await readFile(path.join(root, folder, file), "utf8")).trim();
  const heads = await Promise.all(inputs.map((input) => headOf(path.join(root, input))));
  return [...new Set(heads)].filter((head) => head !== "").join("\n\n");
};

/** By name. `inputs`: paths relative to the root. Throws for a package that the lock or its own files do not describe. */
export const bundledPackages = async (root: string, inputs: readonly string[]): Promise<readonly BundledPackage[]> => {
  const lock = JSON.parse(await readFile(path.join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockEntry>>;
  };
  const byFolder = Map.groupBy(inputs, folderOf);
  const folders = [...byFolder.keys()].filter((folder) => folder !== undefined).toSorted();
  return Promise.all(
    folders.map(async (folder) => {
      const { version, license: licence, integrity } = lock.packages[folder] ?? {};
      const licenceText = await licenceTextOf(root, folder, byFolder.get(folder) ?? []);
      if (version === undefined || licence === undefined || integrity === undefined || licenceText === "")
        throw new Error(`${folder}: needs version, license and integrity in package-lock.json, and a licence's text`);
      const name = folder.slice(folder.lastIndexOf(MODULES) + MODULES.length);
      return { name, version, licence, licenceText, integrity };
    }),
  );
};

/** The licence texts, one after the other. */
export const licencesOf = (packages: readonly BundledPackage[]): string =>
  packages
    .map(({ name, version, licence, licenceText }) => `${name} ${version} (${licence})\n\n${licenceText}\n`)
    .join("\n\n");

const componentOf = ({ name, version, licence, integrity }: BundledPackage): Readonly<Record<string, unknown>> => {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [algorithm = "", digest = ""] = integrity.split("-", 2);
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    licenses: [SPDX_ID.test(licence) ? { license: { id: licence } } : { expression: licence }],
    hashes: [
      { alg: algorithm.toUpperCase().replace("SHA", "SHA-"), content: Buffer.from(digest, "base64").toString("hex") },
    ],
  };
};

/** CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/; without a time or a serial number, so that equal builds are equal. */
export const sbomOf = (packages: readonly BundledPackage[]): Readonly<Record<string, unknown>> => ({
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  metadata: { component: { type: "application", "bom-ref": "bellwether", name: "bellwether" } },
  components: packages.map(componentOf),
});
