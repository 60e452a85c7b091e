/** Everything that a cluster holds, by name, so that two moments can be compared and nothing that stays behind goes unseen. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed, type Api } from "../../../../infra/lab/api.ts";

/** `<resource> <namespace>/<name>`, such as `pods.v1 bellwether/a`; without a namespace `<resource> <name>`. */
export type Inventory = ReadonlySet<string>;

interface Groups {
  readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
}

interface Resources {
  readonly resources: readonly {
    readonly name: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

/** The server deletes them after an hour, and they say nothing about what is there. */
const FORGOTTEN = "events";

/** Eventing starts it for the first PingSource of a cluster, and keeps it. */
const KEPT = /^\S+ knative-eventing\/pingsource-mt-adapter/;

const rootsOf = async (api: Api): Promise<readonly string[]> => {
  const { groups } = await succeed<Groups>(api, "GET", "/apis");
  return ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
};

const namesOf = async (api: Api, root: string, resource: string, within: string): Promise<readonly string[]> => {
  // One whose CRD has gone since it was discovered has no objects.
  const { status, body } = await api.call<{ readonly items?: readonly KubeObject[] }>(
    "GET",
    `${root}${within}/${resource}`,
  );
  if (status === 404) return [];
  if (status !== 200 || body.items === undefined) throw new Error(`${root}/${resource} answered ${status}`);
  const kind = `${resource}.${root.replace(/^\/apis?\//, "")}`;
  return body.items.map(({ metadata: { namespace, name } }) =>
    namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`,
  );
};

/** Of everything that can be listed, but for Eventing's adapter of PingSources, in the version that the server prefers. `namespace`: only what is in that one. */
export const takeInventory = async (api: Api, namespace?: string): Promise<Inventory> => {
  const within = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const listed = (await rootsOf(api)).map(async (root) => {
    const { status, body } = await api.call<Resources>("GET", root);
    if (status === 404) return [];
    const kinds = body.resources.filter(
      ({ name, namespaced, verbs }) =>
        name !== FORGOTTEN && verbs.includes("list") && (namespaced || namespace === undefined),
    );
    return (await Promise.all(kinds.map(({ name }) => namesOf(api, root, name, within)))).flat();
  });
  return new Set((await Promise.all(listed)).flat().filter((line) => !KEPT.test(line)));
};

/** What is in the one and was not in the other. */
export const added = (now: Inventory, before: Inventory): readonly string[] =>
  [...now].filter((line) => !before.has(line));
