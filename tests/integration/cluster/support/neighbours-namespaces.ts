/**
 * Namespaces that are there before the sources, and stay: Eventing starts their adapters again whenever a namespace of the cluster comes or goes. For a moment
 * two of them then tell of everything, and pods of theirs have other names.
 */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { applyManifest } from "../../../../infra/lab/manifests.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll } from "../../../../infra/lab/poll.ts";

const endDeadlineMs = 90_000;
const pollMs = 200;

/** Resolves once none is ending, of whatever was there before. @throws after a minute and a half. */
export const namespacesEnded = ({ api }: ClusterNode): Promise<true> =>
  poll(
    async () => {
      const { items } = await succeed<{ readonly items: readonly KubeObject[] }>(api, "GET", "/api/v1/namespaces");
      return items.every(({ metadata }) => metadata.deletionTimestamp === undefined) ? true : undefined;
    },
    { what: "the end of other tests' namespaces", everyMs: pollMs, deadlineMs: endDeadlineMs },
  );

export const createNamespaces = async ({ api }: ClusterNode, names: readonly string[]): Promise<void> => {
  await Promise.all(
    names.map((name) => applyManifest(api, { apiVersion: "v1", kind: "Namespace", metadata: { name } })),
  );
};
