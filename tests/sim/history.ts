/**
 * The history of a simulation as the checker judges it. After a restore of etcd there are two: the one that was lost, and the one that
 * goes on from the backup. Each is a history by itself, whose versions are given once.
 */
import { ROLES, SWITCHOVER_ANNOTATION } from "../../functions/election/labels.ts";
import { judge } from "../../functions/kit/history/judge.ts";
import type { Revision } from "../../functions/kit/history/revision.ts";
import type { Verdict } from "../../functions/kit/history/verdict.ts";
import { observeMemory } from "../../infra/lab/observer.ts";
import type { World } from "./world.ts";

export interface History {
  /** Of all histories, the last one is that which was not lost. */
  readonly verdicts: () => readonly Verdict[];
}

const judged = (revisions: readonly Revision[]): Verdict =>
  judge(revisions, { roles: ROLES, switchoverAnnotation: SWITCHOVER_ANNOTATION });

export const keepHistory = ({ api, onRestore }: World): History => {
  const observer = observeMemory(api);
  const lost: Verdict[] = [];
  /** What was seen from here on belongs to the present history, and what of the former ones is its past. */
  let begins = 0;
  let past: readonly Revision[] = [];
  const present = (): readonly Revision[] => [...past, ...observer.revisions.slice(begins)];
  onRestore.push((revision) => {
    lost.push(judged(present()));
    past = present().filter(({ resourceVersion }) => Number(resourceVersion) <= revision);
    begins = observer.revisions.length;
  });
  return { verdicts: () => [...lost, judged(present())] };
};
