/**
 * Bundles the function: one small file starts several times faster than its modules, and the image needs nothing else.
 * `--outdir` says where; default build.
 */
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import type { Metafile, Plugin } from "esbuild";

const root = path.resolve(import.meta.dirname, "../..");

/** Bundled CommonJS modules ask for `require`, which ES modules do not have. */
const REQUIRE_BANNER = 'const require=process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/**
 * Takes Node's own modules without `import`: importing node:http reads each of its exports, one of which loads all of
 * fetch and WebSocket. That was a fifth of the CPU time of a start.
 */
const builtinsOnDemand: Plugin = {
  name: "builtins-on-demand",
  setup(host) {
    host.onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: "builtin" }));
    host.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`,
    }));
  },
};

/** Name of an output (`main` gives main.js) to its source, relative to the root. */
export type Entries = Readonly<Record<string, string>>;

const ENTRIES: Entries = { main: "functions/main.ts", index: "functions/index.ts" };

/** Replaces the folder `outdir` by the bundle; meta.json in it says what came from where, relative to the root. */
export const bundle = async (outdir: string, entries: Entries = ENTRIES): Promise<Metafile> => {
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir,
    bundle: true,
    // Keeps dynamic imports out of what is loaded at the start.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    // The oldest that package.json admits.
    target: "node22",
    format: "esm",
    minify: true,
    // faas-js-runtime recognises replies by the name of their class.
    keepNames: true,
    sourcemap: "linked",
    plugins: [builtinsOnDemand],
    banner: { js: REQUIRE_BANNER },
    metafile: true,
    logLevel: "warning",
  });
  // Lets the folder run wherever it is copied to; without it Node.js parses each file twice to find out what it is.
  await writeFile(path.join(outdir, "package.json"), '{ "type": "module" }\n');
  await writeFile(path.join(outdir, "meta.json"), JSON.stringify(metafile, undefined, 2));
  return metafile;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { outdir: { type: "string", default: path.join(root, "build") } },
  });
  const { outputs } = await bundle(path.resolve(values.outdir));
  for (const [name, { bytes }] of Object.entries(outputs)) {
    if (name.endsWith(".js")) process.stdout.write(`${name} ${(bytes / 1024).toFixed(1)} KiB\n`);
  }
}
