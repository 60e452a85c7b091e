/** One thing to look at: a pure function of the snapshot. */
import type { Variable } from "./environment.ts";
import type { Finding } from "./finding.ts";
import type { Installation } from "./installation.ts";
import type { Refused, Snapshot } from "./snapshot.ts";

export interface Check {
  readonly name: string;
  /**
   * What it judges by, beside the installation: where the caller may not read one of these collections, or the manifest does not say one of
   * these variables, it is not run.
   */
  readonly reads: readonly (Refused["collection"] | Variable)[];
  /** What is so when nothing is found. */
  readonly fine: string;
  /** Undefined: there is nothing of the kind to look at. */
  readonly run: (snapshot: Snapshot, installation: Installation | undefined) => readonly Finding[] | undefined;
}
