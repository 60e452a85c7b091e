/**
 * The function as it is shipped: the bundle of `npm run build`, run as `npm start` runs it, under the token of its own
 * ServiceAccount, so that a permission that infra/rbac lacks shows.
 */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { LabProcess } from "./processes.ts";

const root = join(import.meta.dirname, "../..");
const startDeadlineMs = 20_000;
const pollMs = 10;
let count = 0;

/** Once in a lab, and in its own folder, so that labs beside each other do not take away each other's bundle. */
const build = (dataDir: string): string => {
  const outdir = join(dataDir, "build");
  if (!existsSync(outdir))
    execFileSync(process.execPath, [join(root, "infra/tools/build.ts"), "--outdir", outdir], { cwd: root });
  return join(outdir, "main.js");
};

export interface FunctionInstance {
  /** Where events go. */
  readonly url: string;
  readonly process: LabProcess;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

export interface FunctionOptions {
  readonly plane: Pick<ControlPlane, "server" | "caFile" | "dataDir" | "processes" | "token">;
  /** Default: the plane's own address. */
  readonly server?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const untilLive = async (url: string, process: LabProcess): Promise<void> => {
  const end = performance.now() + startDeadlineMs;
  for (;;) {
    const failure = process.failure();
    if (failure !== undefined) throw new Error(`the function did not start: ${failure}`);
    // oxlint-disable-next-line no-await-in-loop
    const answer = await fetch(new URL("health/readiness", url)).catch(() => undefined);
    if (answer?.status === 200) return;
    if (performance.now() > end)
      throw new Error(`the function is not ready after ${startDeadlineMs} ms, see ${process.logFile}`);
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};

/** Resolves once the instance is ready. It ends with the lab, or by `process.kill`. */
export const startFunction = async ({ plane, server, env = {} }: FunctionOptions): Promise<FunctionInstance> => {
  const main = build(plane.dataDir);
  count += 1;
  const port = await freePort();
  const tokenFile = join(plane.dataDir, "function-token");
  // Never written again: an instance that starts meanwhile would find it empty.
  if (!existsSync(tokenFile)) writeFileSync(tokenFile, plane.token("bellwether"), { mode: 0o600 });
  const child = plane.processes.start({
    name: `function-${count}`,
    file: process.execPath,
    args: [main],
    env: {
      PORT: String(port),
      BELLWETHER_API_SERVER: server ?? plane.server,
      BELLWETHER_TOKEN_FILE: tokenFile,
      ...(server === undefined ? { BELLWETHER_CA_FILE: plane.caFile } : {}),
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}/`;
  await untilLive(url, child);
  return { url, process: child, metrics: async () => (await fetch(new URL("metrics", url))).text() };
};
