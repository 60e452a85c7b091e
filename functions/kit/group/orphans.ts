/**
 * What is left of groups that no owner stands for any more, because it went or was edited without us: the sweep finds it, a run of its
 * own ends it.
 */
import type { Io } from "../context.ts";
import type { RecordView } from "../handover/model.ts";
import { enrolmentLabel, GROUP_LABEL, type RoleNames } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { done, failed, restart, type PassOutcome } from "../outcome.ts";
import { viewCandidate, type Candidate } from "../pods/candidate.ts";
import { closeGroup, type Closing } from "./ending.ts";
import { portsFor } from "./ports.ts";
import { loadRecords } from "./records.ts";

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

/** An owner that only exists so far as its remains do. */
const closingOf = (
  io: Io,
  names: RoleNames,
  { namespace, group, record }: OrphanedGroup & { readonly record: RecordView | undefined },
): Closing<Candidate> => {
  const ports = portsFor(io, {
    view: (pod) => viewCandidate(pod, names, { member: false, now: io.context.clock.serverNow() }),
    record: {
      name: record?.name ?? "",
      namespace,
      feature: names.feature,
      group,
      owner: { namespace, name: "", uid: "" },
      leaseDurationSeconds: record?.leaseDurationSeconds ?? 1,
    },
    confirmOwner: () => Promise.resolve(false),
  });
  return { names, ports, record, selector: undefined, epochSeen: 0 };
};

/** Reason of an outcome: the group was an orphan, and is no more. */
const ORPHAN_ENDED = "OrphanEnded";

/** Ends a group of which the caller has just read that no owner stands for it. */
export const endRemains = async (io: Io, names: RoleNames, orphan: OrphanedGroup): Promise<PassOutcome> => {
  const records = await loadRecords(io, { feature: names.feature, ...orphan });
  if (!records.ok) return failed(records.doing, records.response);
  if (io.context.mode === "observe") return done("ObserveMode");
  for (const record of records.value.length === 0 ? [undefined] : records.value) {
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
