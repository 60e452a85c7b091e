/**
 * The seam to route mode: what the feature asks of it. Both modes share the Services, and each leaves a Service alone while the other
 * still has something to take back from it (`isRouted`, `isKept`).
 */
import type { Io } from "../kit/context.ts";
import type { RunOutcome } from "../kit/feature.ts";
import type { ObjectKey } from "../kit/keys.ts";
import type { ServiceView } from "./model.ts";

/** What a sweep of route mode found. */
export interface RouteSwept {
  /** How many Services are in route mode, or on their way out of it. */
  readonly services: number;
  /** Those of them that need a run, and those that are gone and left slices of ours. */
  readonly runs: readonly ObjectKey[];
}

export interface RouteMode {
  /**
   * Brings one Service to rest: into route mode, on to another active pod, or back. It reads the Service itself. Called for events of the
   * Service and of pods that its selector finds, and for what `sweep` names.
   */
  readonly run: (io: Io, service: ObjectKey) => Promise<RunOutcome>;
  /**
   * `services`: those that ask for active/standby, of either mode, or carry something of ours; without managedFields. Starts its own LISTs
   * at once (kit/group/sweep.ts), and throws what those and `services` throw.
   */
  readonly sweep: (io: Io, services: Promise<readonly ServiceView[]>) => Promise<RouteSwept>;
}
