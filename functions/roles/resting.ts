/**
 * Asks the pods of a checker that a sweep saw at rest, so that an application that has not changed its mind costs no API request. Nothing
 * is done by what the sweep saw: whatever is not as its status says is worth a run, which reads and asks by itself.
 */
import type { Finding } from "../kit/conditions.ts";
import type { Io } from "../kit/context.ts";
import type { RunOutcome } from "../kit/feature.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { ableAmong, judge, type Verdict } from "./decide.ts";
import { ending, standing } from "./findings.ts";
import { inquire, type AskingOptions } from "./inquiry.ts";
import type { CheckerView } from "./model.ts";
import { findingsOf, isSameStatus, statusOf } from "./report.ts";

/** Names a checker whose pods are asked. */
export const ASK_PREFIX = "ask:";

/** What a sweep has read of a checker: the record before the pods. */
export interface Resting {
  readonly checker: CheckerView;
  readonly set: SetView;
  readonly record: RecordView;
  readonly lease: KubeObject | undefined;
  readonly pods: readonly Candidate[];
}

/** A run would find nothing to write and nothing to say. */
const isReported = (
  { checker, record: { holder, epoch } }: Resting,
  verdict: Verdict,
  { findings, now }: { readonly findings: readonly Finding[]; readonly now: number },
): boolean => {
  if (verdict.kind !== "lead" || verdict.target.uid !== holder?.uid || epoch === undefined) return false;
  const result = { kind: "settled", leader: holder.name, epoch, relabelled: false, findings } as const;
  return isSameStatus(statusOf(checker, result, { findings: findingsOf(result), now }), checker.status);
};

/** The answers are younger than the pods, and those than the record, as in a run. Its `next` is the run, where one is needed. */
export const askResting = async (io: Io, asking: AskingOptions, resting: Resting): Promise<RunOutcome> => {
  const { checker, set, record, lease, pods } = resting;
  const scene = { set, record, pods };
  const heard = await inquire(io, asking, { checker, serviceName: set.serviceName, pods: ableAmong(scene) });
  const verdict = judge(scene, heard);
  const findings = [...verdict.findings, ...standing({ checker, asking, record, lease }, pods)];
  return isReported(resting, verdict, { findings, now: io.context.clock.serverNow() })
    ? ending("LeaderConfirmed", findings)
    : { ...ending("AnswersChanged", findings), next: [keyText(checker)] };
};
