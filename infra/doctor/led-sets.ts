/** StatefulSets that a lock or a checker names, with the names of the labels that their pods get. */
import { ROLES as ELECTION } from "../../functions/election/labels.ts";
import { viewLock } from "../../functions/election/model.ts";
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { ROLES as CHECKED } from "../../functions/roles/labels.ts";
import { viewChecker } from "../../functions/roles/model.ts";
import type { Snapshot } from "./snapshot.ts";

export interface LedSet {
  /** The lock or checker. */
  readonly owner: KubeObject;
  readonly set: KubeObject;
  readonly names: RoleNames;
}

/** Owners whose set is not there are left out: their condition says so. */
export const ledSets = ({ led, now }: Snapshot): readonly LedSet[] => {
  const wanted = [
    ...led.locks.map((owner) => {
      const { namespace, statefulSetName: name } = viewLock(owner, now);
      return { owner, namespace, name, names: ELECTION };
    }),
    ...led.checkers.map((owner) => {
      const { setNamespace: namespace, statefulSetName: name } = viewChecker(owner, now);
      return { owner, namespace, name, names: CHECKED };
    }),
  ];
  return wanted.flatMap(({ owner, namespace, name, names }) => {
    const set = led.statefulSets.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
    return set === undefined ? [] : { owner, set, names };
  });
};

interface PodTemplate {
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
}

export const podLabelsOf = ({ spec }: KubeObject): Readonly<Record<string, string>> =>
  ((spec ?? {}) as PodTemplate).template?.metadata?.labels ?? {};
