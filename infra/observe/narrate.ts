/** What happens, as lines that a person can follow: time, group, who, and under which name it was written. */
import { doublingFault } from "../../functions/kit/history/doubling.ts";
import type { News } from "../../functions/kit/history/judge.ts";
import type { Succession } from "../../functions/kit/history/reigns.ts";
import { timeOf, type Revision } from "../../functions/kit/history/revision.ts";
import type { Cause, Doubling, Fault } from "../../functions/kit/history/verdict.ts";

const clock = (revision: Revision): string => {
  const time = timeOf(revision);
  return time === undefined ? `revision ${revision.resourceVersion}` : new Date(time).toISOString();
};

const succession = ({ kind, pod, manager, vacantMs }: Succession): string => {
  if (kind === "ceded")
    return `${pod} leads no more, ${manager === undefined ? "it is gone" : `written by ${manager}`}`;
  const after = vacantMs === undefined ? "" : `, after ${vacantMs} ms without a leader`;
  return `${pod} leads, labelled by ${manager ?? "unknown"}${after}`;
};

const written = ({ object, manager, resourceVersion }: Cause): string =>
  `${object} labelled by ${manager} at revision ${resourceVersion}`;

const doubling = (found: Doubling): string => {
  const { pods, causes, to, repairedAfterMs } = found;
  if (to !== undefined) {
    const after = repairedAfterMs === undefined ? "" : `, after ${repairedAfterMs} ms`;
    return `one leader at most again${after}`;
  }
  const verdict = doublingFault(found, "everyone") === undefined ? "doubled by others" : "S1 VIOLATED";
  const [last] = causes.slice(-1);
  return `${verdict}: ${pods.join(", ")} lead; ${last === undefined ? "" : written(last)}`;
};

const accusation = ({ invariant, resourceVersion, object, manager, message }: Fault): string =>
  `${invariant} VIOLATED: ${object}, written by ${manager} at revision ${resourceVersion}: ${message}`;

/** One line, without an end of line. */
export const narrate = (news: News, revision: Revision): string => {
  const at = clock(revision);
  switch (news.kind) {
    case "leads":
    case "ceded":
      return `${at}  ${news.name}  ${succession(news)}`;
    case "doubled":
    case "repaired":
      return `${at}  ${news.doubling.name}  ${doubling(news.doubling)}`;
    case "fault":
      return `${at}  ${news.fault.object.split(" ")[1] ?? ""}  ${accusation(news.fault)}`;
  }
};
