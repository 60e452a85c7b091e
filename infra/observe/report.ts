/** The end of an observation: the whole verdict as text, what it could not judge, and the exit code. */
import { renderLeaderships, renderVerdict } from "../../functions/kit/history/render.ts";
import type { Verdict } from "../../functions/kit/history/verdict.ts";

export interface Observation {
  readonly verdict: Verdict;
  /** Plurals of the kinds that could not be read. */
  readonly unread: readonly string[];
}

/** Without a record only labels can be judged. */
const limitText = ({ verdict: { leaderships }, unread }: Observation): string => {
  const labels = "only S1 and the time without a leader were judged";
  const strange = leaderships.filter(({ served }) => !served).length;
  if (leaderships.length === 0) return "no pod carried the label";
  if (unread.length > 0) return `${unread.join(" and ")} could not be read: ${labels}`;
  if (strange === 0) return "every group is served by Bellwether: S1, S3, S4, S6, S9 and S19 were judged";
  const which = strange === leaderships.length ? "no group is" : `${strange} of ${leaderships.length} groups are not`;
  return `${which} served by Bellwether: of them ${labels}`;
};

/** In route mode no pod carries a label: slices are all that tells. */
const routesText = ({ routes }: Verdict): string => {
  if (routes === 0) return "";
  return `${routes} active/standby ${routes === 1 ? "Service was" : "Services were"} judged by S2`;
};

/** Ends with an end of line. */
export const reportText = (observation: Observation): string => {
  const { verdict } = observation;
  const parts = [
    renderVerdict(verdict),
    limitText(observation),
    routesText(verdict),
    renderLeaderships(verdict.leaderships),
  ];
  return parts
    .filter((part) => part !== "")
    .map((part) => `${part}\n`)
    .join("");
};

export const EXIT_SOUND = 0;
export const EXIT_VIOLATED = 1;
export const EXIT_REFUSED = 2;

/** What lies in a gap, or may come from one, is not proven, and breaks nothing. */
export const exitCodeOf = ({ verdict: { violations } }: Observation): number =>
  violations.some(({ inGap }) => !inGap) ? EXIT_VIOLATED : EXIT_SOUND;
