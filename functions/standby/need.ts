/**
 * What a sweep makes of one group from what it has read in bulk: nothing to do, a renewal, or a run. It decides with the same functions as a
 * run, and calls a group at rest only if a run would write nothing but a renewal. Members that are not enrolled are not looked for: none of
 * them carries the label (those are read), and a run finds them before another pod has to be made active.
 */
import type { RecordView } from "../kit/handover/model.ts";
import { plan } from "../kit/handover/plan.ts";
import { isInherited, isRenewalDue, readRecord, type RecordSpec } from "../kit/handover/record.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { lead, olderRelatives, type Standing } from "./decide.ts";
import { ROLES } from "./labels.ts";
import { isExtended, viewStandbyPod } from "./model.ts";

export type Need =
  | { readonly kind: "nothing" }
  | { readonly kind: "run" }
  | { readonly kind: "renew"; readonly record: RecordView };

export interface SweptGroup {
  readonly standing: Standing;
  /** All groups of the namespace. */
  readonly groups: readonly Standing[];
  readonly lease: KubeObject | undefined;
  /** Enrolled in the group; and those that carry the label and are enrolled nowhere. */
  readonly pods: readonly KubeObject[];
  readonly spec: RecordSpec;
}

const RUN: Need = { kind: "run" };

export const needOf = ({ standing, groups, lease, pods, spec }: SweptGroup, now: number): Need => {
  const { group, owners } = standing;
  const reading = readRecord(lease, { feature: ROLES.feature, now, isMemberName: () => false });
  const isOurs = reading.kind === "ours" && reading.group === group;
  if (!isOurs || !owners.every(isExtended) || olderRelatives(standing, groups).length > 0) return RUN;
  const { record } = reading;
  const seen = pods.map((pod) => viewStandbyPod(pod, standing, now)).filter((pod) => pod.member || pod.group === group);
  if (!seen.every((pod) => pod.member && pod.group === group)) return RUN;
  const verdict = lead({ group, record, pods: seen });
  if (verdict.kind !== "lead") return RUN;
  const observed = { names: ROLES, group, record, pods: seen, epochSeen: 0, now };
  if (plan(observed, { kind: "pod", uid: verdict.target.uid }).kind !== "settled") return RUN;
  const isDue = isInherited(lease, spec.owner) || isRenewalDue(record, spec.leaseDurationSeconds, now);
  return isDue ? { kind: "renew", record } : { kind: "nothing" };
};
