/**
 * The history of a simulation as the checker judges it, once for each way to lead. After a restore of etcd there are two: the one that was
 * lost, and the one that goes on from the backup. Each is a history by itself, whose versions are given once.
 */
import { judge } from "../../functions/kit/history/judge.ts";
import type { Revision } from "../../functions/kit/history/revision.ts";
import type { Verdict } from "../../functions/kit/history/verdict.ts";
import { observeMemory } from "../../infra/lab/observer.ts";
import type { World } from "./world.ts";

export interface History {
  /** Of each way, all histories; the last one is that which was not lost. */
  readonly verdicts: () => readonly (readonly Verdict[])[];
}

export const keepHistory = ({ api, ways, onRestore }: World): History => {
  const observer = observeMemory(api);
  const lost: (readonly Revision[])[] = [];
  /** What was seen from here on belongs to the present history, and what of the former ones is its past. */
  let begins = 0;
  let past: readonly Revision[] = [];
  const present = (): readonly Revision[] => [...past, ...observer.revisions.slice(begins)];
  onRestore.push((revision) => {
    lost.push(present());
    past = present().filter(({ resourceVersion }) => Number(resourceVersion) <= revision);
    begins = observer.revisions.length;
  });
  return {
    verdicts: () => ways.map(({ standard }) => [...lost, present()].map((revisions) => judge(revisions, standard))),
  };
};
