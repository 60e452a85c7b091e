/**
 * Who wrote out of turn, by who they are and not by what they say of themselves: the register accepts by tokens, so that tokens alone would
 * prove nothing of what it accepted. Whose turn it was is told by the labels, in the order in which the API server put them on.
 */
import { ROLES } from "../../../../functions/election/labels.ts";
import { inOrder } from "../../../../functions/kit/history/replay.ts";
import type { Revision } from "../../../../functions/kit/history/revision.ts";
import { PODS } from "../../../../functions/kit/kube/request.ts";
import type { Book, Entry } from "./register.ts";

/** From one pod's getting the writer's label on. */
export interface Reign {
  /** Its uid. */
  readonly pod: string;
  /** When the observer saw the label, by the clock that the register has, too. */
  readonly seenAtMs: number;
}

/** In the order of the server. */
export const reignsIn = (revisions: readonly Revision[]): readonly Reign[] => {
  const reigning = new Set<string>();
  const reigns: Reign[] = [];
  for (const { type, object, observedAt } of revisions.toSorted(inOrder)) {
    const { uid, labels } = object.metadata;
    const isWriter = object.kind === PODS.kind && type !== "DELETED" && labels?.[ROLES.roleLabel] === ROLES.leader;
    if (!isWriter) reigning.delete(uid);
    else if (!reigning.has(uid)) {
      reigning.add(uid);
      reigns.push({ pod: uid, seenAtMs: observedAt ?? Number.NaN });
    }
  }
  return reigns;
};

/** A busy machine may tell the observer of a label after its pod has already written. Every reign here is longer. */
const lagMs = 1_000;

/** The accepted writes of pods whose turn it was not: those that came after a write of a later reign, and of pods that never had the label. */
export const outOfTurn = ({ accepted }: Book, reigns: readonly Reign[]): readonly Entry[] => {
  let newest = 0;
  return accepted.filter(({ pod, atMs }) => {
    // A pod may reign again, though not before its label was there again.
    const its = reigns.findIndex(
      (reign, index) => index >= newest && reign.pod === pod && reign.seenAtMs <= atMs + lagMs,
    );
    if (its >= 0) newest = its;
    return its < 0;
  });
};
