/**
 * What is left of groups that no owner stands for any more, because it went or was edited without us: the sweep finds it, a run of its
 * own ends it.
 */
import type { Io } from "../context.ts";
import { nextEpoch } from "../handover/epoch.ts";
import { viewRecord, type RecordView } from "../handover/model.ts";
import { enrolmentLabel, GROUP_LABEL, type RoleNames } from "../handover/names.ts";
import { recordRequest, type RecordSpec } from "../handover/record.ts";
import type { KubeObject } from "../kube/object.ts";
import { readOne } from "../kube/read.ts";
import { LEASES } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { done, failed, restart, type PassOutcome } from "../outcome.ts";
import { viewCandidate, type Candidate } from "../pods/candidate.ts";
import { listPods } from "../pods/load.ts";
import { isObjectName } from "../spec.ts";
import { closeGroup, type Closing } from "./ending.ts";
import { portsFor } from "./ports.ts";
import { loadRecords, type RecordGroup } from "./records.ts";

/** Of a record that ends: nobody renews it. */
const LEASE_SECONDS = 30;

export interface OrphanedGroup {
  readonly namespace: string;
  readonly group: string;
}

export const groupOfLease = ({ metadata }: KubeObject): OrphanedGroup => ({
  namespace: metadata.namespace ?? "",
  group: metadata.labels?.[GROUP_LABEL] ?? "",
});

/** Groups with a record or enrolled pods that are not served. `leases`: records of the feature; `pods`: enrolled ones. */
export const orphanedGroups = (
  feature: string,
  { leases, pods }: { readonly leases: readonly KubeObject[]; readonly pods: readonly KubeObject[] },
  isServed: (group: OrphanedGroup) => boolean,
): readonly OrphanedGroup[] => {
  const found = new Map<string, OrphanedGroup>();
  const note = ({ metadata }: KubeObject, label: string): void => {
    const { namespace = "", labels } = metadata;
    const group = labels?.[label];
    if (group === undefined || isServed({ namespace, group })) return;
    found.set(`${namespace}/${group}`, { namespace, group });
  };
  for (const lease of leases) note(lease, GROUP_LABEL);
  for (const pod of pods) note(pod, enrolmentLabel(feature));
  return [...found.values()];
};

/** Nobody owns what is left. */
const remainsOf = (
  record: RecordGroup & Pick<RecordSpec, "name">,
  leaseDurationSeconds: number = LEASE_SECONDS,
): RecordSpec => ({ ...record, owner: { namespace: record.namespace, name: "", uid: "" }, leaseDurationSeconds });

/** An owner that only exists so far as its remains do. */
const closingOf = (
  io: Io,
  names: RoleNames,
  { namespace, group, record }: OrphanedGroup & { readonly record: RecordView | undefined },
): Closing<Candidate> => {
  const ports = portsFor(io, {
    view: (pod) => viewCandidate(pod, names, { member: false, now: io.context.clock.serverNow() }),
    record: remainsOf(
      { name: record?.name ?? "", namespace, feature: names.feature, group },
      record?.leaseDurationSeconds,
    ),
    confirmOwner: () => Promise.resolve(false),
  });
  return { names, ports, record, selector: undefined, epochSeen: 0 };
};

/** Reason of an outcome: the group was an orphan, and is no more. */
const ORPHAN_ENDED = "OrphanEnded";

/**
 * Without a record nothing would tell whoever is about to make one that these pods lose their enrolment: so there is one first, which names
 * nobody, or the one that has the name, though not all of our labels. None: no pod is enrolled, or nobody can make any, because the namespace
 * goes away, or the name is taken, or no Lease can have it.
 */
const makeRecord = async (
  { context, send }: Io,
  { feature }: RoleNames,
  { namespace, group, name }: OrphanedGroup & { readonly name: string },
): Promise<readonly RecordView[] | PassOutcome> => {
  if (!isObjectName(name)) return [];
  const { enrolled } = await listPods(send, { feature, namespace, group, selector: undefined });
  if (!enrolled.ok) return failed("list enrolled pods", enrolled.response);
  if (enrolled.items.length === 0) return [];
  const now = context.clock.serverNow();
  const change = { previous: undefined, holder: undefined, epoch: nextEpoch([], now), leaseTransitions: 0 };
  const spec = remainsOf({ name, namespace, feature, group });
  const response = await send(recordRequest(spec, { ...change, acquires: false }, now));
  const outcome = classify(response);
  if (outcome === "terminating") return [];
  if (outcome === "ok") return restart("what is left ends under a record");
  if (outcome !== "exists") return failed(`create Lease ${name}`, response);
  const found = await readOne(send, LEASES, namespace, name);
  if (!found.ok) return failed(`get Lease ${name}`, found.response);
  if (found.object === undefined) return restart("the record went away");
  return groupOfLease(found.object).group === group ? [viewRecord(found.object, now)] : [];
};

/** Ends a group of which the caller has just read that no owner stands for it. `recordName`: where the group tells it. */
export const endRemains = async (
  io: Io,
  names: RoleNames,
  orphan: OrphanedGroup & { readonly recordName?: string },
): Promise<PassOutcome> => {
  const { recordName: name } = orphan;
  const listed = await loadRecords(io, { feature: names.feature, ...orphan });
  if (!listed.ok) return failed(listed.doing, listed.response);
  if (io.context.mode === "observe") return done("ObserveMode");
  const isListed = listed.value.length > 0 || name === undefined;
  const records = isListed ? listed.value : await makeRecord(io, names, { ...orphan, name });
  if ("kind" in records) return records;
  for (const record of records.length === 0 ? [undefined] : records) {
    // Two records of one group end one after the other.
    // oxlint-disable-next-line no-await-in-loop
    const stop = await closeGroup(io, closingOf(io, names, { ...orphan, record }));
    if (stop !== undefined) return stop;
  }
  io.context.log.info("orphaned group ended", { ...orphan });
  return done(ORPHAN_ENDED);
};

/**
 * Pods that were enrolled elsewhere are about to become members, because what owned them was made anew. Their former group would have
 * been ended by its record; where that is gone too, or another owner's, it is ended here, before another pod becomes the leader.
 * `endUnlessServed` says whether it did. Undefined: nothing to end.
 */
export const endFormerGroups = async (
  groups: Iterable<string>,
  endUnlessServed: (group: string) => Promise<PassOutcome>,
): Promise<PassOutcome | undefined> => {
  for (const group of groups) {
    // One at a time, and the pass begins again after each.
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await endUnlessServed(group);
    if (outcome.kind !== "done") return outcome;
    if (outcome.reason === ORPHAN_ENDED) return restart(`the former group ${group} was ended`);
  }
  return undefined;
};
