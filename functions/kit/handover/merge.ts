/** Two LISTs taken in parallel may show one pod at two versions: by uid, the newer one counts. */
import type { KubeObject } from "../kube/object.ts";

/** resourceVersions are integers that grow (https://kep.k8s.io/5504); compared as such, never as text. */
export const isNewer = (version: string, than: string): boolean => BigInt(version) > BigInt(than);

export const mergeByUid = (...lists: readonly (readonly KubeObject[])[]): readonly KubeObject[] => {
  const merged = new Map<string, KubeObject>();
  for (const object of lists.flat()) {
    const known = merged.get(object.metadata.uid);
    if (known === undefined || isNewer(object.metadata.resourceVersion, known.metadata.resourceVersion)) {
      merged.set(object.metadata.uid, object);
    }
  }
  return [...merged.values()];
};
