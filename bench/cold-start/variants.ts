/** What is compared: bundles in a temporary folder, the stub API that they talk to, and the environment to find it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundle } from "../../infra/tools/build.ts";
import { group } from "../group.ts";
import { startStubApi } from "../stub-api.ts";
import type { StubApi } from "../stub-api.ts";

export type Variant = "floor" | "kit" | "function";

export interface Stage {
  readonly api: StubApi;
  readonly environment: Readonly<Record<string, string>>;
  /** Path of the bundled script. */
  script(variant: Variant): string;
  close(): Promise<void>;
}

/** Longer than any run: the reply then comes after the writes, which belong to what is measured. */
const ACK_AFTER_MS = "10000";

export const setStage = async (): Promise<Stage> => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-bench-"));
  const outdir = path.join(folder, "build");
  await bundle(outdir, {
    floor: "bench/cold-start/floor.ts",
    kit: "bench/cold-start/kit.ts",
    function: "functions/main.ts",
  });
  const api = await startStubApi(group);
  const caFile = path.join(folder, "ca.pem");
  await writeFile(caFile, api.caPem);
  return {
    api,
    environment: {
      BELLWETHER_API_SERVER: api.url,
      BELLWETHER_CA_FILE: caFile,
      BELLWETHER_ACK_AFTER_MS: ACK_AFTER_MS,
      LOG_LEVEL: "error",
    },
    script: (variant) => path.join(outdir, `${variant}.js`),
    close: async () => {
      api.close();
      await rm(folder, { recursive: true });
    },
  };
};
