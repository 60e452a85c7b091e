/**
 * Once for all cluster tests: a node with our images. One that is up already (`npm run lab -- node up`) is used and stays; where the
 * machine cannot have one the tests are skipped, and it is said why.
 */
import type { TestProject } from "vitest/node";
import { nodeDown } from "../../../../infra/lab/node/down.ts";
import { missingRequirements } from "../../../../infra/lab/node/host/requirements.ts";
import { nodeUp, runningSite } from "../../../../infra/lab/node/up.ts";
import { logToStderr } from "../../../../infra/lab/progress.ts";
import { importTestImages } from "./images.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the machine lacks to run a node; empty: one runs. */
    readonly missing: readonly string[];
  }
}

const down = async (): Promise<void> => void (await nodeDown(logToStderr));

export const setup = async (project: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const running = runningSite();
  const missing = running === undefined ? await missingRequirements() : [];
  project.provide("missing", missing);
  if (missing.length > 0) {
    logToStderr(`the cluster tests are skipped:\n- ${missing.join("\n- ")}`);
    return undefined;
  }
  if (running !== undefined) {
    await importTestImages(running);
    return undefined;
  }
  const node = await nodeUp(logToStderr);
  node.close();
  try {
    await importTestImages(node.site);
    return down;
  } catch (error) {
    await down();
    throw error;
  }
};
