/**
 * The pods of a group: members, found by the selector, and enrolled pods, found by our label whatever their other labels say. Whoever
 * asks has read the record before (design section 3: members read before the record are the way to two writers).
 */
import type { PodView } from "../handover/model.ts";
import { mergeByUid } from "../handover/merge.ts";
import { enrolmentLabel } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { listAll, type Listing } from "../kube/page.ts";
import type { Loaded } from "../kube/read.ts";
import { PODS, type Transport } from "../kube/request.ts";
import { selectorText, type LabelSelector } from "../selector.ts";

/** Which pods to find. */
export interface PodQuery {
  readonly namespace: string;
  readonly feature: string;
  readonly group: string;
  /** Undefined: only enrolled pods, whoever owns them. */
  readonly selector: LabelSelector | undefined;
}

export interface PodLists {
  readonly enrolled: Listing;
  readonly selected: Listing | undefined;
}

export interface GroupPods<P extends PodView> {
  /** Members and enrolled pods. */
  readonly pods: readonly P[];
  /** Found by the selector, but neither. */
  readonly others: readonly P[];
}

/** Both LISTs at once. */
export const listPods = async (
  send: Transport,
  { namespace, feature, group, selector }: PodQuery,
): Promise<PodLists> => {
  const [enrolled, selected] = await Promise.all([
    listAll(send, PODS, { namespace, labelSelector: `${enrolmentLabel(feature)}=${group}` }),
    selector === undefined ? undefined : listAll(send, PODS, { namespace, labelSelector: selectorText(selector) }),
  ]);
  return { enrolled, selected };
};

/** `view` reads a pod as the feature sees it, membership included. */
export const viewPods = <P extends PodView>(
  { enrolled, selected }: PodLists,
  group: string,
  view: (pod: KubeObject) => P,
): Loaded<GroupPods<P>> => {
  if (!enrolled.ok) return { ok: false, response: enrolled.response, doing: "list enrolled pods" };
  if (selected !== undefined && !selected.ok) return { ok: false, response: selected.response, doing: "list members" };
  const pods = mergeByUid(enrolled.items, selected?.items ?? []).map((pod) => view(pod));
  const ours = pods.filter((pod) => pod.member || pod.group === group);
  return { ok: true, value: { pods: ours, others: pods.filter((pod) => !ours.includes(pod)) } };
};
