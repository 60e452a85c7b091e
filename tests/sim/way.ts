/**
 * One way to lead (a lock, a checker, an annotated Service) as the simulation runs and judges it. Runner, network, faults and shrinker
 * know only this shape; which ways there are in a world is its profile's to say.
 */
import type { FeatureContext } from "../../functions/kit/context.ts";
import type { Feature } from "../../functions/kit/feature.ts";
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { Standard } from "../../functions/kit/history/judge.ts";
import type { Metric } from "../../functions/kit/host/metrics.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { Resource } from "../../functions/kit/kube/request.ts";
import type { End } from "./network.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export interface Way {
  readonly names: RoleNames;
  /** What the history checker is asked of it. */
  readonly standard: Standard;
  readonly metrics: readonly Metric[];
  /** The feature of one instance, at its end of the network. */
  readonly create: (context: FeatureContext, world: World, end: End) => Feature;
  /** Kinds beside pods and StatefulSets whose changes are events. */
  readonly events: readonly Resource[];
  /** Kinds beside pods and Leases of which a permission may be taken away. */
  readonly kinds: readonly Resource[];
  /** What a pod leads by its label: of two pods of one team one may carry the leader's label. */
  readonly teamOf: (pod: KubeObject) => string;
  /** By label, or by whatever leads traffic instead. */
  readonly leads: (world: World, pod: KubeObject) => boolean;
  /** The largest epoch of a group that its next hand-over can see. */
  readonly remembered: (world: World, group: string) => number;
  /** Starts what it watches beside the history checker; problems go to the world. Returns what excuses a finding of the checker. */
  readonly watch: (world: World) => Excuse;
  /** What goes on by itself beside the cluster's own controllers, until the signal. */
  readonly actors: readonly ((world: World, signal: AbortSignal) => Promise<void>)[];
  /** Puts one group in order: what is missing is made, what is stopped goes on. Each tells whether it did something. */
  readonly tidy: (world: World, index: number, random: Random) => readonly boolean[];
  /** Ends what people and applications do wrong, at the end of the faults. */
  readonly calm: (world: World) => void;
  /** L1: what is not at rest, and what was left behind; empty when all is well. */
  readonly unrest: (world: World) => readonly string[];
  /** There is no status to tell what was said, so that each instance tells it once in a Kubernetes Event. */
  readonly tellsOnce: boolean;
}

/** Why a finding of the history checker is somebody else's doing. */
export interface Excuse {
  readonly excuses: (finding: { readonly invariant: string; readonly message: string; readonly at: number }) => boolean;
}

export const NO_EXCUSE: Excuse = { excuses: () => false };
