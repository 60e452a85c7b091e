/**
 * Once for all cluster tests: a node with our images. One that is up already (`npm run lab -- node up`) is used and stays; where the
 * machine cannot have one the tests are skipped, and it is said why.
 */
import type { TestProject } from "vitest/node";
import { borrowNode } from "../../../../infra/lab/node/borrow.ts";
import { undone } from "../../../../infra/lab/node/undone.ts";
import { missingForNode } from "../../../../infra/lab/node/up.ts";
import { logToStderr } from "../../../../infra/lab/progress.ts";
import { importTestImages } from "./images.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What the machine lacks to run a node; empty: one runs. */
    readonly missing: readonly string[];
  }
}

export const setup = async (project: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const missing = await missingForNode(logToStderr);
  project.provide("missing", missing);
  if (missing.length > 0) {
    logToStderr(`the cluster tests are skipped:\n- ${missing.join("\n- ")}`);
    return undefined;
  }
  const { site, giveBack } = await borrowNode(logToStderr);
  try {
    await importTestImages(site);
    return giveBack;
  } catch (error) {
    return undone(error, giveBack);
  }
};
