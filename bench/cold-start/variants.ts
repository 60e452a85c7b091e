/** What is compared: scripts in a temporary folder, the stub API that they talk to, and the environment to find it. */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "esbuild";
import { freePort } from "../../infra/lab/ports.ts";
import { startRoleApp, type RoleApp } from "../../infra/lab/role-app-server.ts";
import { bundle, ENTRIES } from "../../infra/tools/build.ts";
import { group, groupWithChecker, podAddress, PODS } from "../group.ts";
import { startStubApi } from "../stub-api.ts";
import type { StubApi } from "../stub-api.ts";
import { measureColdStart, type Start } from "./measure.ts";

/**
 * Bare node:http, bare node:https, the kit with a small handler, the same on faas-js-runtime, the whole function with a lock, and with a
 * checker in its place.
 */
export type Variant = "floor" | "https" | "kit" | "faas" | "function" | "checker";

export interface Stage {
  readonly api: StubApi;
  /** A start of the variant, on a stub API as it was at first. */
  begin(variant: Variant): Start;
  /** Names of the bundle's files that a start of the variant has loaded, in order; a start of its own, because looking costs time. */
  loaded(variant: Variant): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** It does a first election, or a first labelling. */
const isWhole = (variant: Variant): boolean => variant === "function" || variant === "checker";

const root = path.resolve(import.meta.dirname, "../..");

/** As `kn func` deploys it: the modules as they are, not bundled. */
const writeFaas = async (folder: string): Promise<void> => {
  const source = await readFile(path.join(import.meta.dirname, "faas.ts"), "utf8");
  const { code } = await transform(source, { loader: "ts" });
  await writeFile(path.join(folder, "faas.mjs"), code);
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
};

/** An application for each pod, in this process; the first says that it leads. */
const startApps = async (): Promise<readonly RoleApp[]> => {
  const port = await freePort();
  return Promise.all(
    Array.from({ length: PODS }, (_, index) =>
      startRoleApp({ id: `db-${index}`, host: podAddress(index), port, behaviour: { leads: index === 0 } }),
    ),
  );
};

/** Preloaded, it appends the URL of each module to a file. https://nodejs.org/api/module.html#moduleregisterhooksoptions */
const PROBE = `const { appendFileSync } = require("node:fs");
require("node:module").registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.BENCH_LOADED, url + "\\n");
    return next(url, context);
  },
});
`;

export const setStage = async (): Promise<Stage> => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-bench-"));
  const outdir = path.join(folder, "build");
  const bundled = ["floor", "https", "kit"].map((name) => [name, `bench/cold-start/${name}.ts`] as const);
  await bundle(outdir, { ...ENTRIES, ...Object.fromEntries(bundled) });
  await writeFaas(folder);
  const api = await startStubApi(group);
  const caFile = path.join(folder, "ca.pem");
  await writeFile(caFile, api.caPem);
  const apps = await startApps();
  const withChecker = groupWithChecker(apps[0]?.port ?? 0);
  const environment = { BELLWETHER_API_SERVER: api.url, BELLWETHER_CA_FILE: caFile, LOG_LEVEL: "error" };
  const scriptOf = (variant: Variant): string => {
    if (variant === "faas") return path.join(folder, "faas.mjs");
    return path.join(outdir, isWhole(variant) ? "main.js" : `${variant}.js`);
  };
  // The Kubernetes Event is the last write of a first election.
  const isElected = (): boolean => api.requests.some((request) => request.startsWith("POST /apis/events.k8s.io/"));
  const begin = (variant: Variant): Start => {
    api.reset(variant === "checker" ? withChecker : group);
    return { script: scriptOf(variant), environment, isDone: isWhole(variant) ? isElected : () => true };
  };
  return {
    api,
    begin,
    loaded: async (variant) => {
      const [probe, list] = [path.join(folder, "probe.cjs"), path.join(folder, `loaded-${variant}`)];
      await writeFile(probe, PROBE);
      await writeFile(list, "");
      const seen = { NODE_OPTIONS: `--require ${probe}`, BENCH_LOADED: list };
      await measureColdStart({ ...begin(variant), environment: { ...environment, ...seen } });
      const urls = (await readFile(list, "utf8")).split("\n");
      return urls.filter((url) => url.startsWith(pathToFileURL(outdir).href)).map((url) => path.basename(url));
    },
    close: async () => {
      api.close();
      await Promise.all(apps.map((app) => app.close()));
      await rm(folder, { recursive: true });
    },
  };
};
