/** What the bare clients share: the writes of a fail-over in the order that cannot make two leaders, and no decision. */
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { KubeRequest, Transport } from "../../functions/kit/kube/request.ts";
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

export interface BareHandOver {
  /** Whose labels. */
  readonly names: RoleNames;
  readonly record: KubeRequest;
  readonly pods: readonly KubeObject[];
  readonly target: KubeObject;
  /** Of a pod in its new role, where the client keeps some. */
  readonly annotations?: (role: string | null) => Readonly<Record<string, string | null>>;
}

/** The three dependent writes: the record; all others fenced beside each other; the promotion. */
export const handOver = async (send: Transport, how: BareHandOver): Promise<void> => {
  const { names, record, pods, target, annotations } = how;
  const relabel = ({ metadata }: KubeObject, role: string | null): KubeRequest => {
    const body = { metadata: { labels: { [names.roleLabel]: role }, annotations: annotations?.(role) } };
    return patchRequest(PODS, { namespace: metadata.namespace ?? "", on: metadata }, body);
  };
  await send(record);
  await Promise.all(pods.filter((pod) => pod !== target).map((pod) => send(relabel(pod, names.follower))));
  await send(relabel(target, names.leader));
};
