/**
 * What the exploration asks of a protocol and of the world around it. Servers (everything that lasts) and instances of the function are
 * plain values that never change; what may come next follows from them alone.
 */

/**
 * S1 to S4 as in docs/observe.md; G: a cut-over, or its way back, leaves a Service without a ready endpoint; A: a pod is assigned by an answer
 * that is older than the record.
 */
export const INVARIANTS = ["S1", "S2", "S3", "S4", "G", "A"] as const;

export type Invariant = (typeof INVARIANTS)[number];

export interface Breach {
  readonly invariant: Invariant;
  readonly text: string;
}

export interface Judged<S> {
  readonly server: S;
  readonly breaches: readonly Breach[];
}

/** What happens to the server besides the instances. */
export interface Turn<S> {
  readonly server: S;
  /** uid of the object that changed, where instances may hold a copy of it that grows old. */
  readonly touched: string | undefined;
  readonly text: () => string;
}

/** One request of an instance delivered and answered. */
export interface Event<S, L> extends Turn<S> {
  readonly local: L;
  /** What only the instance's side of it shows. */
  readonly breaches?: readonly Breach[];
}

export interface System<S, L> {
  /** An instance that does nothing; one that dies is one again. */
  readonly idle: L;
  /** What each of these comes to when it is left alone is a start, too. */
  readonly starts: readonly S[];
  /** An instance whose copies of the object have grown old. */
  readonly outdate: (local: L, uid: string) => L;
  /** Everything that may happen next to an instance, apart from its death. None: it waits for others. */
  readonly events: (server: S, local: L) => readonly Event<S, L>[];
  /** Each as often as the scope allows. */
  readonly faults: (server: S) => readonly Turn<S>[];
  /** What others, such as controllers, do sooner or later as long as there is something. */
  readonly dues: (server: S) => readonly Turn<S>[];
  /** After a change: the server with its past brought up to date. */
  readonly judge: (before: S, after: S, by: "instance" | "others" | "fault") => Judged<S>;
  /** L1: what is wrong with a server that nobody writes to any more; undefined: nothing. */
  readonly restProblem: (server: S) => string | undefined;
  /** Its epoch has run away: it is not followed. */
  readonly isBeyond: (server: S) => boolean;
  readonly textOf: (server: S) => string;
}
