/**
 * What a feature is to the rest of the function: a name, the kinds that it watches, which groups an event means, how to run one
 * group, and how to sweep all of them. Host, reconcile and renewal know only this shape.
 */
import type { ObjectEvent } from "../../events/types.ts";

/** How a run of a group ended. `retry`: the group was not brought to rest; it is run again after `afterMs`. */
export type RunOutcome =
  | { readonly kind: "done"; readonly reason: string }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number };

export interface Feature {
  readonly name: string;
  /** The kinds whose events concern the feature. */
  readonly kinds: readonly { readonly apiVersion: string; readonly kind: string }[];
  /** Keys of the groups that the event may have changed; empty when it cannot concern any. Makes no API call. */
  groupsOf(event: ObjectEvent): readonly string[];
  /** Reads the group from the API server, decides, and writes; never rejects for a fault of the cluster. */
  run(group: string): Promise<RunOutcome>;
  /** Reads all groups with paged LISTs, renews what is due; returns the keys of the groups that need a run. */
  sweep(): Promise<readonly string[]>;
}
