/**
 * The part of S9 that asks why: a record that moves from one pod to another had a reason. The compare-and-swap proves
 * when the pods were read (after the record's last revision), so a holder that was fit at every revision since then was
 * replaced for nothing, by the expiry of its Lease for example.
 */
import type { RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import type { Entry } from "./ledger.ts";
import type { PastLease, PastPod } from "./past.ts";
import { isOurs, type LeaseStep, type OtherStep, type PodStep } from "./replay.ts";
import { evidenceOf, faultAt, type Evidence, type Fault } from "./verdict.ts";

/** As users ask for it, on the custom resource. */
const SWITCHOVER = "bellwether.dev/switchover-to";
/** Features whose leader the application itself chooses. */
const CHOSEN_BY_APPLICATION: ReadonlySet<string> = new Set(["roles"]);
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

/** What the selector and the owner of a group can depend on, as text. */
const membershipOf = ({ metadata }: KubeObject, roleLabel: string): string => {
  const labels = Object.entries(metadata.labels ?? {})
    .filter(([label]) => label !== roleLabel && !label.startsWith(OUR_PREFIX))
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([labels, metadata.ownerReferences?.map(({ uid }) => uid)]);
};

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
  readonly membership: string;
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

export const createMotiveCheck = ({ feature, roleLabel }: RoleNames): ((entry: Entry) => readonly Fault[]) => {
  const candidates = new Map<string, Candidate>();
  /** Of each namespace with a custom resource, the pods that were asked for. */
  const asked = new Map<string, Set<string>>();
  const writtenAt = new Map<string, number>();

  const notePod = (step: PodStep): void => {
    const { after, revision } = step;
    const { uid } = revision.object.metadata;
    const known = candidates.get(uid);
    if (after === undefined) candidates.delete(uid);
    else if (known !== undefined || after.group !== undefined) {
      const membership = known?.membership ?? membershipOf(after.raw, roleLabel);
      const isMember = membership === membershipOf(after.raw, roleLabel);
      const fit = isMember ? fitOf(step, after, known) : undefined;
      candidates.set(uid, { name: after.name, team: after.team, membership, fit });
    }
  };
  const noteResource = ({ after }: OtherStep): void => {
    if (after === undefined) return;
    const { namespace = "", annotations = {} } = after.raw.metadata;
    const names = asked.get(namespace) ?? new Set();
    asked.set(namespace, names);
    const wanted = annotations[SWITCHOVER];
    if (wanted !== undefined) names.add(wanted);
  };
  /** Without the resource that is served it is not known what was asked for. */
  const isAskedFor = (namespace: string, name: string): boolean => asked.get(namespace)?.has(name) ?? true;

  /** The candidate that lost the record, where that record names one for sure: nobody has edited it. */
  const passedOver = (before: PastLease, after: PastLease): Candidate | undefined => {
    const holder = dismissed(before, after);
    const candidate = candidates.get(holder?.uid ?? "");
    return candidate?.name === holder?.name && candidate?.team === after.team ? candidate : undefined;
  };
  const moveFaults = (step: LeaseStep, before: PastLease, after: PastLease): readonly Fault[] => {
    const { name, fit } = passedOver(before, after) ?? {};
    if (fit === undefined || fit.since > (writtenAt.get(after.uid) ?? -1)) return [];
    if (isAskedFor(after.namespace, after.holder?.name ?? "")) return [];
    return [faultAt(step, "S9", `took the lead from ${name ?? ""}, which could lead all the time`, [fit.evidence])];
  };
  const takeLease = (step: LeaseStep): readonly Fault[] => {
    const { before, after, revision } = step;
    const faults = before !== undefined && after !== undefined && isOurs(step) ? moveFaults(step, before, after) : [];
    if (after === undefined) writtenAt.delete(revision.object.metadata.uid);
    else writtenAt.set(after.uid, step.index);
    return faults;
  };
  return ({ step }) => {
    if (CHOSEN_BY_APPLICATION.has(feature)) return [];
    if (step.kind === "pod") notePod(step);
    if (step.kind === "other") noteResource(step);
    return step.kind === "lease" ? takeLease(step) : [];
  };
};
