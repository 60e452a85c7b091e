/**
 * Bundles the function and what runs beside it: one small file starts several times faster than its modules, and the image needs nothing
 * else. `--outdir` says where; default build.
 */
import { copyFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import type { Metafile, Plugin } from "esbuild";
import { bundledPackages, licencesOf, sbomOf } from "../image/packages.ts";

const root = path.resolve(import.meta.dirname, "../..");

/** Name of an output (`main` gives main.js) to its source, a path relative to the root or a package. */
export type Entries = Readonly<Record<string, string>>;

/** The function. */
export const ENTRIES: Entries = {
  main: "functions/main.ts",
  index: "functions/index.ts",
  // A file of its own, because only a function with a sink ever loads it.
  cloudevents: "cloudevents",
  // Nor does anything but a LeaderStatusChecker need gRPC.
  grpc: "functions/roles/ask/grpc.ts",
};

/** All that the image runs: the function, the local source, and the external-push scaler for KEDA. */
export const IMAGE_ENTRIES: Entries = {
  ...ENTRIES,
  source: "infra/image/source.ts",
  scaler: "infra/keda/scaler/main.ts",
};

/** Called by nothing that the function uses: channelz and load reports, which gRPC loads when they are asked for. */
const UNUSED = ["@grpc/proto-loader"];

/** What is an entry itself is loaded from its own file, instead of being bundled again into those that import it. */
const apart = (entries: Entries): Plugin => ({
  name: "apart",
  setup(host) {
    const names = new Map(Object.entries(entries).map(([name, source]) => [source, name]));
    host.onResolve({ filter: /.*/ }, ({ path: wanted, kind, resolveDir }) => {
      const source = wanted.startsWith(".") ? path.relative(root, path.resolve(resolveDir, wanted)) : wanted;
      const name = kind === "entry-point" ? undefined : names.get(source);
      return name === undefined ? undefined : { path: `./${name}.js`, external: true };
    });
  },
});

/** Replaces the folder `outdir` by the bundle; resolves to what came from where, relative to the root. */
export const bundle = async (outdir: string, entries: Entries = ENTRIES): Promise<Metafile> => {
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir,
    bundle: true,
    platform: "node",
    // The oldest that package.json admits.
    target: "node22",
    // Node's loader of ES modules costs 4 ms of CPU time and 3 MiB at each start.
    format: "cjs",
    minify: true,
    sourcemap: "linked",
    external: UNUSED,
    plugins: [apart(entries)],
    metafile: true,
    logLevel: "warning",
  });
  // Lets the folder run wherever it is copied to.
  await writeFile(path.join(outdir, "package.json"), '{ "type": "commonjs" }\n');
  return metafile;
};

/** Replaces the folder `outdir` by what the image holds: the bundle, its licences, and the list of what is bundled in it. */
export const buildImageFolder = async (outdir: string): Promise<Metafile> => {
  const metafile = await bundle(outdir, IMAGE_ENTRIES);
  const packages = await bundledPackages(root, Object.keys(metafile.inputs));
  await copyFile(path.join(root, "LICENSE"), path.join(outdir, "LICENSE"));
  await writeFile(path.join(outdir, "LICENSES-BUNDLED"), licencesOf(packages));
  await writeFile(path.join(outdir, "sbom.cdx.json"), `${JSON.stringify(sbomOf(packages), undefined, 2)}\n`);
  return metafile;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { outdir: { type: "string", default: path.join(root, "build") } },
  });
  const { outputs } = await buildImageFolder(path.resolve(values.outdir));
  for (const [name, { bytes }] of Object.entries(outputs)) {
    if (name.endsWith(".js")) process.stdout.write(`${name} ${(bytes / 1024).toFixed(1)} KiB\n`);
  }
}
