/**
 * Namespaces as the tests need them: those of earlier runs ended, for in one that ends nothing can be made, and their own there before the sources. Eventing starts
 * the sources' adapters again whenever a namespace of the cluster comes or goes; for a moment two of them then tell of everything, and pods of theirs have other names.
 */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { applyManifest } from "../../../../infra/lab/manifests.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { removeIfThere } from "./clean-up.ts";

/** Where the overlays put everything of ours. */
export const FUNCTION_NAMESPACE = "bellwether";

const endDeadlineMs = 150_000;
const pollMs = 200;

/** Resolves once none is ending, of whatever was there before. @throws after two and a half minutes. */
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

/** Begins its end, and that of all that is in it; nothing where there is none. */
export const removeNamespace = async ({ api }: ClusterNode, name: string): Promise<void> => {
  await removeIfThere(api, `/api/v1/namespaces/${name}`);
};
