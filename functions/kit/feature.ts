/**
 * What a feature is to the rest of the function: a name, which groups an event means, how to run one group, and how to sweep
 * all of them. Host, reconcile and renewal know only this shape.
 */
import type { ClaimEvent, ObjectEvent } from "../../events/types.ts";
import type { Transport } from "./kube/request.ts";

/**
 * How a run of a group ended. `retry`: the group was not brought to rest; it is run again after `afterMs`. `trouble` says whose:
 * the API server's, so that the source may be asked to come again, or the group's own, which must not hold up its neighbours.
 */
export type RunOutcome =
  /** `next`: groups that turned out to need a run. `waited`: for something of the group's own that may hang again, such as a pod. */
  | { readonly kind: "done"; readonly reason: string; readonly next?: readonly string[]; readonly waited?: boolean }
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number; readonly trouble: "server" | "group" };

/** Where the installation does not let a feature list what it needs (403), so that it is not swept there. */
export interface Barred {
  /** Empty: everywhere, where it is not asked by namespace. */
  readonly namespaces: readonly string[];
  /** What the API server says in the first of them. */
  readonly reason: string;
}

/**
 * What a sweep did, or why it could not read. `barred`, alone or of a sweep: in all namespaces, or in some; that is the installation's trouble,
 * unlike `failed`, which is the API server's.
 */
export type SweepOutcome =
  | { readonly kind: "swept"; readonly groups: number; readonly renewed: number; readonly barred?: Barred | undefined }
  | ({ readonly kind: "barred" } & Barred)
  | { readonly kind: "failed"; readonly reason: string };

export interface Feature {
  readonly name: string;
  /** Keys of the groups that the event may have changed; empty when it cannot concern any. Makes no API call. */
  groupsOf(event: ObjectEvent): readonly string[];
  /** The same for a claim to a role; undefined: the feature takes no claims. */
  claimed?(claim: ClaimEvent): readonly string[];
  /** Reads the group from the API server, decides, and writes. `send` answers 0 once the group's deadline has passed. */
  run(group: string, send: Transport): Promise<RunOutcome>;
  /**
   * Reads all groups with paged LISTs and renews what is due. `found` is called with the groups that need a run as soon as
   * everything has been read, before the renewals, which are spread over time; and again for groups whose renewal was refused. A sweep
   * that could read nothing does not call it.
   */
  sweep(send: Transport, found: (groups: readonly string[]) => void): Promise<SweepOutcome>;
}
