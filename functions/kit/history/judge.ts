/**
 * The history checker: everything that was observed in, what was promised and not kept out. It reads nothing but the
 * history, so it judges simulated runs, real runs, and the labels of other products alike; at once or as it happens.
 */
import type { RoleNames } from "../handover/names.ts";
import { LEASES } from "../kube/request.ts";
import { createDoublings, doublingFault, type Accountable, type DoublingNews } from "./doubling.ts";
import { createEpochCheck } from "./epochs.ts";
import { createIdentityCheck } from "./identity.ts";
import { isolationFaults } from "./isolation.ts";
import { createLeadershipCheck } from "./leadership.ts";
import { createLeaseCheck } from "./lease.ts";
import { createLedger } from "./ledger.ts";
import { createMotiveCheck } from "./motive.ts";
import type { Grouping } from "./past.ts";
import { createReigns, type Succession } from "./reigns.ts";
import { createReplay, inOrder, type Step } from "./replay.ts";
import { compareVersions, isMissed, isMissedBetween, type Gap, type Revision } from "./revision.ts";
import { createRouteCheck, type RouteNames } from "./routes.ts";
import type { Fault, Verdict, Violation } from "./verdict.ts";

export { renderVerdict } from "./render.ts";

export interface Standard {
  /** Labels and annotations of the feature that is judged. */
  readonly roles: RoleNames;
  /** Default: by owner. */
  readonly grouping?: Grouping;
  /** Default: ours. */
  readonly accountable?: Accountable;
  /**
   * Annotation of a record's owner by which users name the next leader. Without it nobody knows what was asked for, and why a
   * record moves is not judged: so with features whose leader the application chooses.
   */
  readonly switchoverAnnotation?: string;
  /** How Services are led to the leader; default: they are not, and S2 is not judged. */
  readonly routes?: RouteNames;
}

export interface Question extends Standard {
  /** What the observer could not see; default: it saw everything. */
  readonly gaps?: readonly Gap[];
}

/** What one revision brought about. A doubling is told as such; whether it is a violation of S1 is `doublingFault`'s to say. */
export type News =
  | Succession
  | DoublingNews
  | { readonly kind: "fault"; readonly fault: Fault; readonly revision: Revision };

export interface Judge {
  /**
   * Judges the next revision; the caller keeps them in order (see `inOrder`). Memory grows with the objects that exist
   * and with hand-overs, not with revisions.
   */
  take(revision: Revision): readonly News[];
  /** Of everything so far. */
  verdict(gaps?: readonly Gap[]): Verdict;
}

/** The group that a step shows to exist: it has a record, an enrolled pod, or a leader. */
const groupIn = ({ kind, after }: Step): string | undefined => {
  if (kind === "lease") return after?.team;
  if (kind === "other" || after === undefined) return undefined;
  return after.group !== undefined || after.leads ? after.team : undefined;
};

const proven = ({ leasesSince: since, ...fault }: Fault, gaps: readonly Gap[]): Violation => {
  const version = fault.resourceVersion;
  const isHidden = since !== undefined && isMissedBetween({ resource: LEASES.plural, since, version }, gaps);
  return { ...fault, inGap: isHidden || isMissed(version, gaps) };
};

/** Writes that carry no trace of their author count as ours. */
export const createJudge = (standard: Standard): Judge => {
  const { roles, grouping = "owner", accountable = "ours", switchoverAnnotation, routes: routeNames } = standard;
  const replay = createReplay({ roles, grouping });
  const ledger = createLedger();
  const reigns = createReigns(roles, ledger);
  const doublings = createDoublings(roles, ledger);
  const epochs = createEpochCheck();
  const leadershipFaults = createLeadershipCheck(ledger);
  const identityFaults = createIdentityCheck(ledger);
  const leaseFaults = createLeaseCheck();
  const motiveFaults = switchoverAnnotation === undefined ? () => [] : createMotiveCheck(roles, switchoverAnnotation);
  const routes = routeNames === undefined ? undefined : createRouteCheck(roles, routeNames);
  const groups = new Set<string>();
  const faults: Fault[] = [];
  let revisions = 0;

  return {
    take: (revision) => {
      const step = replay(revision);
      if (step === undefined) return [];
      revisions += 1;
      const group = groupIn(step);
      if (group !== undefined) groups.add(group);
      const entry = ledger.note(step);
      const found = [
        ...leadershipFaults(entry),
        ...epochs.take(entry),
        ...identityFaults(entry),
        ...leaseFaults(entry),
        ...motiveFaults(entry),
        ...(routes?.take(step) ?? []),
        ...isolationFaults(entry, { feature: roles.feature, optIn: routeNames?.mode.key }),
      ];
      faults.push(...found);
      return [
        ...reigns.take(entry),
        ...doublings.take(entry),
        ...found.map((fault) => ({ kind: "fault", fault, revision }) as const),
      ];
    },
    verdict: (gaps = []) => {
      const all = doublings.all().map((doubling) => ({ doubling, fault: doublingFault(doubling, accountable) }));
      const violations = [...all.flatMap(({ fault }) => fault ?? []), ...faults]
        .map((fault) => proven(fault, gaps))
        .toSorted((left, right) => compareVersions(left.resourceVersion, right.resourceVersion));
      return {
        revisions,
        groups: groups.size,
        promotions: epochs.promotions(),
        doubledRevisions: doublings.doubledRevisions(),
        routes: routes?.routes() ?? 0,
        violations,
        foreign: all.filter(({ fault }) => fault === undefined).map(({ doubling }) => doubling),
        leaderships: reigns.all(),
        gaps,
      };
    },
  };
};

/**
 * Judges revisions in any order.
 * @throws SyntaxError when a resourceVersion is not an integer.
 */
export const judge = (revisions: readonly Revision[], { gaps, ...standard }: Question): Verdict => {
  const court = createJudge(standard);
  for (const revision of revisions.toSorted(inOrder)) court.take(revision);
  return court.verdict(gaps);
};
