/**
 * What a warm instance remembers: which locks there are, the names in their specs, and each StatefulSet as its last run or sweep saw
 * it. Hints only: they say which group an event may concern without an API call, and which objects a run will need; every run reads the truth.
 */
import type { ObjectEvent } from "../../events/types.ts";
import { createHints, type Hints } from "../kit/group/hints.ts";
import { keyOf, keyText } from "../kit/keys.ts";
import { PODS, STATEFUL_SETS } from "../kit/kube/request.ts";
import { concernedByPod, concernedBySet, groupValue, isEventOf, setValue } from "../kit/pods/concerned.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { LockHint } from "./load.ts";

export interface ElectionMemory extends Hints<LockHint> {
  /** Keys of the locks that an event may concern. */
  concerned(event: ObjectEvent): readonly string[];
}

const leaseValue = (namespace: string, name: string): string => `lease:${namespace}/${name}`;

const valuesOf = (key: string, lock: LockHint): readonly string[] => {
  const { namespace } = keyOf(key);
  const names = [setValue(namespace, lock.statefulSetName), leaseValue(namespace, lock.leaseName)];
  return lock.set === undefined ? names : [...names, groupValue(lock.set.uid)];
};

export const createMemory = (): ElectionMemory => {
  const hints = createHints({ valuesOf, namespaceOf: (key) => keyOf(key).namespace });

  /** The lock itself, and those that share its StatefulSet or Lease: one's end may be another's turn. */
  const ofLock = (event: ObjectEvent): readonly string[] => {
    const key = keyText(event);
    const spec = (event.object?.spec ?? hints.get(key) ?? {}) as Partial<LockHint>;
    const { statefulSetName, leaseName } = spec;
    const onSet = statefulSetName === undefined ? [] : hints.at(setValue(event.namespace, statefulSetName));
    const onLease = leaseName === undefined ? [] : hints.at(leaseValue(event.namespace, leaseName));
    return [...new Set([key, ...onSet, ...onLease])];
  };

  return {
    ...hints,
    concerned: (event) => {
      if (isEventOf(event, LOCKS)) return ofLock(event);
      if (isEventOf(event, PODS)) return concernedByPod(hints, ROLES.feature, event);
      return isEventOf(event, STATEFUL_SETS) ? concernedBySet(hints, event) : [];
    },
  };
};
