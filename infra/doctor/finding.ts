/**
 * What a check has to say: which object, which field, what is there, what would be accepted, and what to do about it. The worst finding
 * decides the exit code.
 */

/** `error`: a fail-over would not work now. `unknown`: it could not be looked at, so nobody can say. */
export type Severity = "error" | "warning" | "unknown" | "ok";

export interface Finding {
  readonly severity: Severity;
  /** `Kind namespace/name`. */
  readonly object: string;
  readonly field: string;
  readonly got: string;
  readonly accepted: string;
  /** One sentence, a command where one does it. Empty: nothing is to be done. */
  readonly remedy: string;
}

type Told = Omit<Finding, "severity">;

export const error = (told: Told): Finding => ({ severity: "error", ...told });
export const warning = (told: Told): Finding => ({ severity: "warning", ...told });
export const unknown = (told: Told): Finding => ({ severity: "unknown", ...told });

/** A finding, and the check that it comes from. */
export interface Reported extends Finding {
  readonly check: string;
}

export const EXIT_WORKS = 0;
export const EXIT_BROKEN = 1;
export const EXIT_UNKNOWN = 2;

/** 0: a fail-over would work now, 1: it would not, 2: nobody can say. */
export const exitCodeOf = (findings: readonly Finding[]): number => {
  if (findings.some(({ severity }) => severity === "error")) return EXIT_BROKEN;
  return findings.some(({ severity }) => severity === "unknown") ? EXIT_UNKNOWN : EXIT_WORKS;
};
