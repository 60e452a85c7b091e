/**
 * The judgement over a whole run with faults: the observer's history against the invariants, the API server's audit log
 * against the rules for our writes. A run in which nothing happened does not pass.
 */
import { ELECTION } from "../../../infra/observe/scope.ts";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { readAuditLog } from "../../../infra/lab/audit.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { createNamespace, createStatefulSet } from "./fixture.ts";
import { lockIn } from "./objects.ts";
import { createLease } from "./old-operator.ts";
import { judgeOwnWrites } from "./own-writes.ts";
import type { Scene } from "./scene.ts";

const BYSTANDERS = "bystanders";

/** A StatefulSet without a lock and somebody else's Lease, named like those of the groups: nobody may touch them. */
export const createBystanders = async (lab: Lab): Promise<void> => {
  await createNamespace(lab, BYSTANDERS);
  await createStatefulSet(lab, { name: "db", namespace: BYSTANDERS, replicas: 2 });
  const now = microTime(Date.now());
  const spec = { holderIdentity: "db-0", leaseDurationSeconds: 15, acquireTime: now, renewTime: now };
  await createLease(lab, { namespace: BYSTANDERS, name: "db", spec, manager: "somebody" });
};

export interface RunVerdict {
  /** What should not have been, each as text; the timeline of the history checker comes first. */
  readonly faults: readonly string[];
  readonly promotions: number;
}

/** Ends the observation and judges it; the groups are those that `createGroup` made in these namespaces. */
export const judgeRun = async (
  { observer, auditLogFiles }: Scene,
  namespaces: readonly string[],
): Promise<RunVerdict> => {
  await observer.stop();
  const question = { ...ELECTION, gaps: observer.gaps };
  const verdict = judge(observer.revisions, question);
  const { violations, foreign, gaps, revisions, promotions } = verdict;
  const groups = namespaces.map((namespace) => ({ ...lockIn(namespace), statefulSetName: "db" }));
  const writes = judgeOwnWrites(
    auditLogFiles.flatMap((file) => readAuditLog(file)),
    groups,
  );
  process.stdout.write(`${revisions} revisions, ${promotions} promotions, ${writes.count} writes of ours\n`);
  return {
    faults: [
      ...(violations.length + foreign.length + gaps.length > 0 ? [renderVerdict(verdict)] : []),
      ...(writes.count > promotions ? [] : [`the audit log knows ${writes.count} writes of ours`]),
      ...writes.unconditional.map((text) => `S8, without its conditions: ${text}`),
      ...writes.elsewhere.map((text) => `S19, not the group's own: ${text}`),
    ],
    promotions,
  };
};
