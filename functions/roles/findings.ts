/** What is found of a checker beside the verdict, and what that makes of the end of a pass. */
import type { Finding } from "../kit/conditions.ts";
import type { RunOutcome } from "../kit/feature.ts";
import { contestFindings } from "../kit/handover/contest.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { timeoutFindings, type AskingOptions } from "./inquiry.ts";
import { ROLES } from "./labels.ts";
import type { CheckerView } from "./model.ts";

interface Circumstances {
  readonly checker: CheckerView;
  readonly asking: AskingOptions;
  readonly record: RecordView | undefined;
  /** The record as it was read. */
  readonly lease: KubeObject | undefined;
}

/** Beside the verdict's own. */
export const standing = (
  { checker, asking, record, lease }: Circumstances,
  pods: readonly Candidate[],
): readonly Finding[] => [
  ...(checker.localDev ? [] : timeoutFindings(asking, checker, pods.length)),
  ...contestFindings({ names: ROLES, record, lease, pods }),
];

/** A pod that did not answer took its whole timeout, and will again. */
export const ending = (
  reason: string,
  findings: readonly Finding[],
): Extract<RunOutcome, { readonly kind: "done" }> => ({
  kind: "done",
  reason,
  waited: findings.some(({ type }) => type === "Unreachable"),
});
