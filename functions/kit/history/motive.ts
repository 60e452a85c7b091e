/**
 * The part of S9 that asks why: a record that moves from one pod to another had a reason. The compare-and-swap proves
 * when the pods were read (after the record's last revision), so a holder that was fit at every revision since then was
 * replaced for nothing, by the expiry of its Lease for example.
 */
import type { RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import type { Entry } from "./ledger.ts";
import type { PastLease, PastPod } from "./past.ts";
import { isOurs, type LeaseStep, type PodStep } from "./replay.ts";
import { createRequests } from "./requests.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

const OUR_PREFIX = "bellwether.dev/";

interface PodStatus {
  readonly phase?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

const isHealthy = ({ metadata, status }: KubeObject): boolean => {
  const { phase, conditions = [] } = (status ?? {}) as PodStatus;
  const isReady = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
  return isReady && metadata.deletionTimestamp === undefined && phase !== "Succeeded" && phase !== "Failed";
};

/** What the selector and the owner of a group can depend on. */
interface Membership {
  readonly labels: readonly (readonly [string, string])[];
  readonly owners: string;
}

const membershipOf = ({ metadata }: KubeObject, roleLabel: string): Membership => ({
  labels: Object.entries(metadata.labels ?? {}).filter(
    ([label]) => label !== roleLabel && !label.startsWith(OUR_PREFIX),
  ),
  owners: JSON.stringify(metadata.ownerReferences?.map(({ uid }) => uid)),
});

/** It has the labels still that it had as a member; further ones take nobody out of a group that is selected by these. */
const isMemberStill = (then: Membership, pod: KubeObject, roleLabel: string): boolean =>
  then.owners === membershipOf(pod, roleLabel).owners &&
  then.labels.every(([label, value]) => pod.metadata.labels?.[label] === value);

interface Fit {
  /** Position since which it could lead without a break. */
  readonly since: number;
  readonly evidence: Evidence;
}

/** A pod that is, or was, enrolled. */
interface Candidate {
  readonly name: string;
  readonly team: string | undefined;
  /** As it was when it was first seen enrolled: a member. */
  readonly membership: Membership;
  readonly fit: Fit | undefined;
}

/** Since when it can lead, given that its group still takes it for a member. Undefined: it cannot. */
const fitOf = (step: PodStep, pod: PastPod, known: Candidate | undefined): Fit | undefined => {
  if (pod.group === undefined || !isHealthy(pod.raw)) return undefined;
  const last = known?.team === pod.team ? known?.fit : undefined;
  return last ?? { since: step.index, evidence: evidenceOf(step, "could lead from then on") };
};

/** The holder that lost the record to another pod of the same group. */
const dismissed = (before: PastLease, after: PastLease): PastLease["holder"] =>
  after.holder !== undefined && before.holder?.uid !== after.holder.uid && before.team === after.team
    ? before.holder
    : undefined;

/** `annotation`: by which users name the next leader, on the record's owner. */
export const createMotiveCheck = (
  { roleLabel }: RoleNames,
  annotation: string,
): ((entry: Entry) => readonly Fault[]) => {
  const candidates = new Map<string, Candidate>();
  const requests = createRequests(annotation);
  const writtenAt = new Map<string, number>();

  const notePod = (step: PodStep): void => {
    const { after, revision } = step;
    const { uid } = revision.object.metadata;
    const known = candidates.get(uid);
    if (after === undefined) candidates.delete(uid);
    else if (known !== undefined || after.group !== undefined) {
      const membership = known?.membership ?? membershipOf(after.raw, roleLabel);
      const fit = isMemberStill(membership, after.raw, roleLabel) ? fitOf(step, after, known) : undefined;
      candidates.set(uid, { name: after.name, team: after.team, membership, fit });
    }
  };

  /** The candidate that lost the record, where that record names one for sure: nobody has edited it. */
  const passedOver = (before: PastLease, after: PastLease): Candidate | undefined => {
    const holder = dismissed(before, after);
    const candidate = candidates.get(holder?.uid ?? "");
    return candidate?.name === holder?.name && candidate?.team === after.team ? candidate : undefined;
  };
  const moveFaults = (step: LeaseStep, before: PastLease, after: PastLease): readonly Fault[] => {
    const { name, fit } = passedOver(before, after) ?? {};
    if (fit === undefined || fit.since > (writtenAt.get(after.uid) ?? -1)) return [];
    if (requests.isAskedFor(after, after.holder?.name ?? "")) return [];
    return [faultAt(step, "S9", `took the lead from ${name ?? ""}, which could lead all the time`, [fit.evidence])];
  };
  const takeLease = (step: LeaseStep): readonly Fault[] => {
    const { before, after } = step;
    const faults = before !== undefined && after !== undefined && isOurs(step) ? moveFaults(step, before, after) : [];
    if (after === undefined) writtenAt.delete(step.revision.object.metadata.uid);
    else writtenAt.set(after.uid, step.index);
    if (after !== undefined && before?.holder?.uid === after.holder?.uid) requests.noteRenewal(after);
    return faults;
  };
  return ({ step }) => {
    if (step.kind === "pod") notePod(step);
    if (step.kind === "other") requests.noteOwner(step);
    return step.kind === "lease" ? takeLease(step) : [];
  };
};
