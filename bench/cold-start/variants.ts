/** What is compared: scripts in a temporary folder, the stub API that they talk to, and the environment to find it. */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { transform } from "esbuild";
import { bundle, ENTRIES } from "../../infra/tools/build.ts";
import { group } from "../group.ts";
import { startStubApi } from "../stub-api.ts";
import type { StubApi } from "../stub-api.ts";
import type { Start } from "./measure.ts";

/** Bare node:http, bare node:https, the kit with a small handler, the same on faas-js-runtime, the whole function. */
export type Variant = "floor" | "https" | "kit" | "faas" | "function";

export interface Stage {
  readonly api: StubApi;
  /** A start of the variant, on a stub API as it was at first. */
  begin(variant: Variant): Start;
  close(): Promise<void>;
}

const root = path.resolve(import.meta.dirname, "../..");

/** As `kn func` deploys it: the modules as they are, not bundled. */
const writeFaas = async (folder: string): Promise<void> => {
  const source = await readFile(path.join(import.meta.dirname, "faas.ts"), "utf8");
  const { code } = await transform(source, { loader: "ts" });
  await writeFile(path.join(folder, "faas.mjs"), code);
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
};

export const setStage = async (): Promise<Stage> => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-bench-"));
  const outdir = path.join(folder, "build");
  const bundled = ["floor", "https", "kit"].map((name) => [name, `bench/cold-start/${name}.ts`] as const);
  await bundle(outdir, { ...ENTRIES, ...Object.fromEntries(bundled) });
  await writeFaas(folder);
  const api = await startStubApi(group);
  const caFile = path.join(folder, "ca.pem");
  await writeFile(caFile, api.caPem);
  const environment = { BELLWETHER_API_SERVER: api.url, BELLWETHER_CA_FILE: caFile, LOG_LEVEL: "error" };
  const scriptOf = (variant: Variant): string => {
    if (variant === "faas") return path.join(folder, "faas.mjs");
    return path.join(outdir, variant === "function" ? "main.js" : `${variant}.js`);
  };
  // The Kubernetes Event is the last write of a first election.
  const isElected = (): boolean => api.requests.some((request) => request.startsWith("POST /apis/events.k8s.io/"));
  return {
    api,
    begin: (variant) => {
      api.reset();
      return { script: scriptOf(variant), environment, isDone: variant === "function" ? isElected : () => true };
    },
    close: async () => {
      api.close();
      await rm(folder, { recursive: true });
    },
  };
};
