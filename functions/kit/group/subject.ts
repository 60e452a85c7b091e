/** The object on whose behalf a group is served, as logs, Kubernetes Events and CloudEvents name it. */
import { keyText } from "../keys.ts";
import type { Regarding } from "../recorder.ts";

export interface Subject extends Regarding {
  /** What logs call it, in one word: `lock`. */
  readonly noun: string;
}

/** Why a pass begins again. */
export const changed = ({ noun }: Subject): string => `the ${noun} changed`;

/** Field of a log line. */
export const logged = (subject: Subject): Readonly<Record<string, string>> => ({ [subject.noun]: keyText(subject) });
