/** The labels and annotations of the hand-over (design section 3): derived from the feature's name, or named by the feature. */

export interface RoleNames {
  /** `election`, `roles`, `standby`: part of every derived name. */
  readonly feature: string;
  /** The label that users select, and its two values. `follower` null: the label is absent on followers. */
  readonly roleLabel: string;
  readonly leader: string;
  readonly follower: string | null;
}

export const MANAGED_BY_LABEL = "app.kubernetes.io/managed-by";
export const MANAGED_BY = "bellwether";
export const FEATURE_LABEL = "bellwether.dev/feature";
export const GROUP_LABEL = "bellwether.dev/group";
export const HOLDER_UID_ANNOTATION = "bellwether.dev/holder-uid";
export const EPOCH_ANNOTATION = "bellwether.dev/epoch";
/** On the record: `<namespace>/<name>/<uid>` of the object on whose behalf the group is served. */
export const OWNER_ANNOTATION = "bellwether.dev/owner";
/** On the record: its resourceVersion before pods lost their enrolment last. */
export const RELEASED_ANNOTATION = "bellwether.dev/released";

/** Pod label whose value is the group: a LIST by it finds every pod of the group whatever its other labels say. */
export const enrolmentLabel = (feature: string): string => `bellwether.dev/${feature}`;
export const stampEpochAnnotation = (feature: string): string => `bellwether.dev/${feature}.epoch`;
export const stampRecordAnnotation = (feature: string): string => `bellwether.dev/${feature}.record`;
/** The fencing token that applications read; only ever on the leader. */
export const tokenAnnotation = (feature: string): string => `bellwether.dev/${feature}.token`;
