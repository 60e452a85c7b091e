/** The judgement over a run with active/standby Services: the observer's history, and the audit log of what we wrote. */
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { readAuditLog, type AuditEvent } from "../../../infra/lab/audit.ts";
import { STANDBY_STANDARD } from "../../../infra/observe/scope.ts";
import type { Scene } from "../support/scene.ts";

const FUNCTION_USER = "system:serviceaccount:bellwether:bellwether";

export const isOfFunction = ({ user }: AuditEvent): boolean => user.username === FUNCTION_USER;

interface Conditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

const isConditional = ({ verb, requestObject }: AuditEvent): boolean => {
  const { metadata, preconditions } = (requestObject ?? {}) as {
    readonly metadata?: Conditions;
    readonly preconditions?: Conditions;
  };
  const { uid, resourceVersion } = (verb === "delete" ? preconditions : metadata) ?? {};
  return uid !== undefined && resourceVersion !== undefined;
};

export interface RunVerdict {
  /** What should not have been, each as text. */
  readonly faults: readonly string[];
  readonly promotions: number;
  /** `<verb> <resource>` of each kind of write of ours. */
  readonly kinds: readonly string[];
}

/** Ends the observation and judges it. */
export const judgeRun = async ({ observer, auditLogFiles }: Scene): Promise<RunVerdict> => {
  await observer.stop();
  const verdict = judge(observer.revisions, { ...STANDBY_STANDARD, gaps: observer.gaps });
  const writes = auditLogFiles.flatMap((file) => readAuditLog(file)).filter(isOfFunction);
  const unconditional = writes.filter((event) => event.verb !== "create" && !isConditional(event));
  return {
    faults: [
      ...(verdict.violations.length > 0 ? [renderVerdict(verdict)] : []),
      ...(verdict.routes > 0 ? [] : ["S2 was judged of no Service: none was seen at the end of its cut-over"]),
      ...unconditional.map(({ verb, requestURI }) => `S8, without its conditions: ${verb} ${requestURI}`),
    ],
    promotions: verdict.promotions,
    kinds: [...new Set(writes.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource ?? ""}`))].toSorted(),
  };
};
