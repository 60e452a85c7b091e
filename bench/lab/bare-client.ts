/** What the bare clients share: the writes of a fail-over in the order that cannot make two writers, and no decision. */
import { ROLES } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { KubeRequest, PatchBody, Transport } from "../../functions/kit/kube/request.ts";
import { patchRequest, PODS } from "../../functions/kit/kube/request.ts";
import { classify, describe } from "../../functions/kit/kube/status-class.ts";

/** Throws when a request is refused: a floor that leaves requests out would be too low. */
export const orThrow =
  (send: Transport): Transport =>
  async (request) => {
    const response = await send(request);
    if (classify(response) === "ok") return response;
    throw new Error(`${request.method} ${request.path}: ${describe(response)}`);
  };

/** A patch of the pod's role, and of its annotations where the client keeps some. */
export const relabel = (
  { metadata }: KubeObject,
  role: string | null,
  annotations?: Readonly<Record<string, string | null>>,
): KubeRequest => {
  const body: PatchBody = { metadata: { labels: { [ROLES.roleLabel]: role }, annotations } };
  return patchRequest(PODS, { namespace: metadata.namespace ?? "", on: metadata }, body);
};

export interface BareHandOver {
  readonly record: KubeRequest;
  readonly pods: readonly KubeObject[];
  readonly target: KubeObject;
  /** Of a pod in its new role. */
  readonly patch: (pod: KubeObject, role: string | null) => KubeRequest;
}

/** The three dependent writes: the record; all others fenced beside each other; the promotion. */
export const handOver = async (send: Transport, { record, pods, target, patch }: BareHandOver): Promise<void> => {
  await send(record);
  await Promise.all(pods.filter((pod) => pod !== target).map((pod) => send(patch(pod, ROLES.follower))));
  await send(patch(target, ROLES.leader));
};
