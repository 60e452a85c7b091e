/** A node for one run of tests or of a bench: the one that somebody keeps, or one of its own that goes with the run. */
import type { Log } from "../progress.ts";
import { removeNode } from "./down.ts";
import { holdNode } from "./hold.ts";
import type { Site } from "./site.ts";
import { bringNodeUp, keptSite } from "./up.ts";

export interface BorrowedNode {
  readonly site: Site;
  /** One of its own is removed. */
  readonly giveBack: () => Promise<void>;
}

/** Nobody else changes one of its own until it is given back, or this process ends. @throws as `nodeUp` does. */
export const borrowNode = async (log: Log): Promise<BorrowedNode> => {
  const kept = keptSite();
  if (kept !== undefined) return { site: kept, giveBack: () => Promise.resolve() };
  const letGo = await holdNode();
  const giveBack = async (): Promise<void> => {
    try {
      await removeNode(log);
    } finally {
      letGo();
    }
  };
  try {
    const { site, close } = await bringNodeUp(log, { endsWithRun: true });
    close();
    return { site, giveBack };
  } catch (error) {
    letGo();
    throw error;
  }
};
