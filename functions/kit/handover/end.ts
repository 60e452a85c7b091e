/**
 * Ends a group (design section 3): hand over to nobody, take the role and enrolment labels off, delete the record. Stamps
 * stay, so that a later group on the same pods begins above them. Without a record none is created.
 */
import type { KubeObject } from "../kube/object.ts";
import { patchRequest, PODS, type KubeResponse } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { handOver, type HandoverPorts } from "./executor.ts";
import type { PodView, RecordView } from "./model.ts";
import { enrolmentLabel, tokenAnnotation, type RoleNames } from "./names.ts";
import { giveNotice } from "./notice.ts";
import { recordDeletion } from "./record.ts";

export interface EndingGroup<P extends PodView> {
  readonly names: RoleNames;
  readonly group: string;
  readonly record: RecordView | undefined;
  /** Enrolled pods, and members that merely carry the role label. */
  readonly pods: readonly P[];
}

export type Ending =
  | { readonly kind: "ended" }
  | { readonly kind: "restart"; readonly reason: string }
  /** The answer that kept the group from ending. */
  | { readonly kind: "refused"; readonly doing: string; readonly response: KubeResponse };

const failure = (doing: string, response: KubeResponse): Ending => ({ kind: "refused", doing, response });

const isBare = (pod: PodView): boolean => pod.role === undefined && pod.group === undefined && pod.token === undefined;

/** A pod that is enrolled in another group is that group's business. */
const isOurs = (group: string, pod: PodView): boolean => pod.group === undefined || pod.group === group;

const strip = async <P extends PodView>(
  ports: HandoverPorts<P>,
  { names, group, pods }: EndingGroup<P>,
): Promise<Ending> => {
  const labels = { [names.roleLabel]: null, [enrolmentLabel(names.feature)]: null };
  const annotations = { [tokenAnnotation(names.feature)]: null };
  const answers = await Promise.all(
    pods
      .filter((pod) => isOurs(group, pod) && !isBare(pod))
      .map((pod) =>
        ports.send(patchRequest(PODS, { namespace: pod.namespace, on: pod }, { metadata: { labels, annotations } })),
      ),
  );
  for (const answer of answers) {
    const outcome = classify(answer);
    if (outcome === "stale") return { kind: "restart", reason: "a pod changed while the group ended" };
    if (outcome !== "ok" && outcome !== "gone") return failure("take the labels off", answer);
  }
  return { kind: "ended" };
};

const deleteRecord = async <P extends PodView>(ports: HandoverPorts<P>, record: RecordView): Promise<Ending> => {
  const answer = await ports.send(recordDeletion(record));
  const outcome = classify(answer);
  if (outcome === "ok" || outcome === "gone") return { kind: "ended" };
  return outcome === "stale"
    ? { kind: "restart", reason: "the record changed while the group ended" }
    : failure(`delete Lease ${record.name}`, answer);
};

export const endGroup = async <P extends PodView>(
  ports: HandoverPorts<P>,
  ending: EndingGroup<P>,
  { now, epochSeen }: { now: number; epochSeen: number },
): Promise<Ending> => {
  const { names, group, record } = ending;
  if (record === undefined) return strip(ports, ending);
  // Nobody is a member any more: no pod is enrolled on the way out.
  const pods = ending.pods.map((pod) => ({ ...pod, member: false }));
  const leaving = { ...ports, view: (pod: KubeObject): P => ({ ...ports.view(pod), member: false }) };
  const attempt = await handOver(leaving, { names, group, record, pods, epochSeen, now }, { kind: "nobody" });
  if (attempt.kind !== "settled") return attempt;
  const noticed = await giveNotice(ports.send, attempt.observed.record ?? record);
  if (noticed.kind !== "noticed") return noticed;
  const stripped = await strip(ports, { ...ending, pods: attempt.observed.pods });
  return stripped.kind === "ended" ? deleteRecord(ports, noticed.record) : stripped;
};
