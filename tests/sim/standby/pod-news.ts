/** When pods were touched by others than the function, and when any was lost to lead to: what a write may not have known. */
import { PODS } from "../../../functions/kit/kube/request.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { viewCandidate } from "../../../functions/kit/pods/candidate.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { viewService } from "../../../functions/standby/model.ts";
import type { Revision } from "../../../infra/lab/memory/object.ts";
import { all } from "../hands.ts";
import { FUNCTION_USER, type World } from "../world.ts";

export interface PodNews {
  /** The Service leads there: it selects the pod, which is not finished, Ready unless it asks for others too, and then not terminating. */
  readonly isAble: (uid: string, service: KubeObject) => boolean;
  /** Nobody but the function has touched it since, in milliseconds of lived time. */
  readonly isUntouched: (uid: string, since: number) => boolean;
  /** Milliseconds of lived time. */
  readonly lostAt: () => number;
}

const isAble = (pod: KubeObject, isPublished = false): boolean => {
  const { ready, terminating, finished } = viewCandidate(pod, ROLES, { member: true, now: 0 });
  return !finished && (isPublished || (ready && !terminating));
};

const isPublishing = ({ spec }: KubeObject): boolean =>
  (spec as { readonly publishNotReadyAddresses?: boolean }).publishNotReadyAddresses === true;

const hasLabel = (pod: KubeObject | undefined): boolean => pod?.metadata.labels?.[ROLES.roleLabel] !== undefined;

const isLoss = ({ type, object, previous }: Revision): boolean =>
  type === "DELETED" || !isAble(object) || (hasLabel(previous) && !hasLabel(object));

export const followPods = (world: World): PodNews => {
  const touchedAt = new Map<string, number>();
  let lostAt = Number.NEGATIVE_INFINITY;
  world.api.onRevision((revision) => {
    const { resource, object, previous, writer } = revision;
    if (resource.plural !== PODS.plural) return;
    if (isLoss(revision)) lostAt = world.clock.lived();
    // By a fence the group ends, or hands over: that is the function's business, but no cut-over.
    const isFence = hasLabel(previous) && !hasLabel(object);
    if (isFence || writer.user !== FUNCTION_USER) touchedAt.set(object.metadata.uid, world.clock.lived());
  });
  return {
    isAble: (uid, service) => {
      const pod = all(world, PODS).find(({ metadata }) => metadata.uid === uid);
      const { original: matchLabels } = viewService(service);
      return pod !== undefined && selects({ matchLabels }, pod.metadata.labels) && isAble(pod, isPublishing(service));
    },
    isUntouched: (uid, since) => (touchedAt.get(uid) ?? Number.NEGATIVE_INFINITY) <= since,
    lostAt: () => lostAt,
  };
};
