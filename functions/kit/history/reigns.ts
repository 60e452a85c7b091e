/**
 * Who leads each group, as it changes: what a person wants to read while it happens, and how often and for how long
 * nobody led. It judges nothing.
 */
import type { RoleNames } from "../handover/names.ts";
import { labellersOf } from "./doubling.ts";
import type { Entry, Leading, Ledger } from "./ledger.ts";
import type { PastPod } from "./past.ts";
import { elapsedMs, type Revision } from "./revision.ts";
import { managersText, type Leadership } from "./verdict.ts";

/** A pod that leads from this revision on, or does no more. */
export interface Succession {
  readonly kind: "leads" | "ceded";
  readonly revision: Revision;
  /** `<namespace>/<name of the owner>`. */
  readonly name: string;
  readonly pod: string;
  /** Field managers of the label, or of the write that removed it; undefined: the pod is gone. */
  readonly manager: string | undefined;
  /** Milliseconds without a leader that this ends; undefined: there was one, or the time is not known. */
  readonly vacantMs: number | undefined;
}

export interface Reigns {
  take(entry: Entry): readonly Succession[];
  /** In the order in which groups first had a leader. */
  all(): readonly Leadership[];
}

interface Reign extends Omit<Leadership, "group" | "served" | "leaders"> {
  /** Names by uid. */
  readonly leaders: ReadonlyMap<string, string>;
  readonly last: string | undefined;
  readonly vacantSince: Revision | undefined;
}

const newReign = (name: string): Reign => ({
  name,
  leaders: new Map(),
  last: undefined,
  vacantSince: undefined,
  changes: 0,
  vacancies: 0,
  vacantMs: 0,
  longestVacancyMs: 0,
});

const without = (reign: Reign, uid: string, revision: Revision): Reign => {
  const leaders = new Map([...reign.leaders].filter(([leader]) => leader !== uid));
  return { ...reign, leaders, vacantSince: leaders.size === 0 ? revision : undefined };
};

const ledBy = (reign: Reign, { uid, name }: PastPod, vacantMs: number | undefined): Reign => ({
  ...reign,
  leaders: new Map([...reign.leaders, [uid, name]]),
  last: uid,
  vacantSince: undefined,
  changes: reign.changes + (reign.last === undefined || reign.last === uid ? 0 : 1),
  vacancies: reign.vacancies + (reign.vacantSince === undefined ? 0 : 1),
  vacantMs: reign.vacantMs + (vacantMs ?? 0),
  longestVacancyMs: Math.max(reign.longestVacancyMs, vacantMs ?? 0),
});

export const createReigns = (roles: RoleNames, ledger: Ledger): Reigns => {
  const reigns = new Map<string, Reign>();

  const cede = ({ team, pod, step: { revision, after, authors } }: Leading): readonly Succession[] => {
    const reign = reigns.get(team);
    if (reign?.leaders.has(pod.uid) !== true) return [];
    reigns.set(team, without(reign, pod.uid, revision));
    const relabelled = after?.role === undefined ? managersText(authors) : labellersOf(after, roles);
    const manager = after === undefined ? undefined : relabelled;
    return [{ kind: "ceded", revision, name: reign.name, pod: pod.name, manager, vacantMs: undefined }];
  };
  const lead = ({ team, pod, step: { revision } }: Leading): readonly Succession[] => {
    const reign = reigns.get(team) ?? newReign(pod.teamName ?? team);
    if (reign.leaders.has(pod.uid)) return [];
    const vacantMs = reign.vacantSince === undefined ? undefined : elapsedMs(reign.vacantSince, revision);
    reigns.set(team, ledBy(reign, pod, vacantMs));
    return [{ kind: "leads", revision, name: reign.name, pod: pod.name, manager: labellersOf(pod, roles), vacantMs }];
  };
  return {
    take: ({ ceded, leading }) => [
      ...(ceded === undefined ? [] : cede(ceded)),
      ...(leading === undefined ? [] : lead(leading)),
    ],
    all: () =>
      [...reigns].map(([group, { name, leaders, changes, vacancies, vacantMs, longestVacancyMs }]) => ({
        group,
        name,
        served: ledger.serves(group),
        changes,
        vacancies,
        vacantMs,
        longestVacancyMs,
        leaders: [...leaders.values()],
      })),
  };
};
