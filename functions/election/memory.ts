/**
 * What a warm instance remembers: which locks there are, the names in their specs, and each StatefulSet as its last run or sweep saw
 * it. Hints only: they say which group an event may concern without an API call, and which objects a run will need; every run reads the truth.
 */
import { isDeepStrictEqual } from "node:util";
import type { ObjectEvent } from "../../events/types.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { apiVersionOf, PODS, STATEFUL_SETS } from "../kit/kube/request.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { LockHint } from "./load.ts";
import { viewSet, type SetView } from "./model.ts";
import type { LockKey } from "./pass.ts";

/** Names the locks on a StatefulSet that this instance does not know, beside the keys of locks (`<namespace>/<name>`). */
export const LEARN_PREFIX = "learn:";

export interface ElectionMemory {
  lock(key: string): LockHint | undefined;
  remember(key: string, lock: LockHint): void;
  forget(key: string): void;
  /** A moment, for `replaceAll`. */
  mark(): number;
  /** These exist, as of a sweep that began at the mark; what was learnt since then stays. Returns the keys that were forgotten. */
  replaceAll(locks: ReadonlyMap<string, LockHint>, mark: number): readonly string[];
  /** Keys of the locks that an event may concern. */
  concerned(event: ObjectEvent): readonly string[];
}

export const keyText = ({ namespace, name }: LockKey): string => `${namespace}/${name}`;

const isKind = (event: ObjectEvent, resource: typeof PODS): boolean =>
  event.kind === resource.kind && event.apiVersion === apiVersionOf(resource);

/** The StatefulSets that the pod may belong to: by owner, and by name where the event carries no object. */
const setsOfPod = ({ object, name }: ObjectEvent): readonly string[] =>
  object === undefined
    ? [name.replace(/-[0-9]+$/, "")]
    : (object.metadata.ownerReferences ?? [])
        .filter(({ kind }) => kind === STATEFUL_SETS.kind)
        .map((owner) => owner.name);

const isSameSet = (shown: SetView | undefined, known: SetView | undefined): boolean =>
  shown !== undefined && known !== undefined && isDeepStrictEqual(shown, known);

/** Keys under the values by which they are looked up, so that an event costs no scan of all locks (defect S17). */
const createIndex = (): {
  add(value: string, key: string): void;
  remove(value: string, key: string): void;
  at(value: string): readonly string[];
} => {
  const keys = new Map<string, Set<string>>();
  return {
    add: (value, key) => {
      const found = keys.get(value);
      if (found === undefined) keys.set(value, new Set([key]));
      else found.add(key);
    },
    remove: (value, key) => {
      const found = keys.get(value);
      found?.delete(key);
      if (found?.size === 0) keys.delete(value);
    },
    at: (value) => [...(keys.get(value) ?? [])],
  };
};

/** Where a lock is found: by StatefulSet, by Lease, by group. */
const valuesOf = (key: string, lock: LockHint): readonly string[] => {
  const [namespace = ""] = key.split("/");
  const names = [`set:${namespace}/${lock.statefulSetName}`, `lease:${namespace}/${lock.leaseName}`];
  return lock.set === undefined ? names : [...names, `group:${lock.set.uid}`];
};

export const createMemory = (): ElectionMemory => {
  const locks = new Map<string, LockHint>();
  const index = createIndex();
  const learnt = new Map<string, number>();
  let moment = 0;

  const forget = (key: string): void => {
    const known = locks.get(key);
    if (known === undefined) return;
    for (const value of valuesOf(key, known)) index.remove(value, key);
    locks.delete(key);
    learnt.delete(key);
  };

  const remember = (key: string, lock: LockHint): void => {
    forget(key);
    for (const value of valuesOf(key, lock)) index.add(value, key);
    locks.set(key, lock);
    moment += 1;
    learnt.set(key, moment);
  };

  const ofPod = (event: ObjectEvent): readonly string[] => {
    const group = event.object?.metadata.labels?.[enrolmentLabel(ROLES.feature)];
    const sets = setsOfPod(event);
    const values = sets.map((set) => `set:${event.namespace}/${set}`);
    const keys = [...values, ...(group === undefined ? [] : [`group:${group}`])].flatMap((value) => index.at(value));
    // Enrolled by another instance, or new: this one may not have been told of the lock.
    const foreign = group === undefined && event.change !== "add";
    if (keys.length === 0 && !foreign) return sets.map((set) => `${LEARN_PREFIX}${event.namespace}/${set}`);
    return [...new Set(keys)];
  };

  /**
   * A new StatefulSet may be one whose lock was announced to another instance, before there was a pod to enrol. An update that shows
   * what a lock's last read has shown says nothing new to it: most count Ready pods, of which the pods' own events tell.
   */
  const ofSet = ({ namespace, name, change, object }: ObjectEvent): readonly string[] => {
    const keys = index.at(`set:${namespace}/${name}`);
    if (keys.length === 0 && change === "add") return [`${LEARN_PREFIX}${namespace}/${name}`];
    const shown = object === undefined || change !== "update" ? undefined : viewSet(object as KubeObject);
    return keys.filter((key) => !isSameSet(shown, locks.get(key)?.set));
  };

  /** The lock itself, and those that share its StatefulSet or Lease: one's end may be another's turn. */
  const ofLock = (event: ObjectEvent): readonly string[] => {
    const key = keyText(event);
    const spec = (event.object?.spec ?? locks.get(key) ?? {}) as Partial<LockHint>;
    const siblings = [`set:${event.namespace}/${spec.statefulSetName}`, `lease:${event.namespace}/${spec.leaseName}`];
    return [...new Set([key, ...siblings.flatMap((value) => index.at(value))])];
  };

  return {
    lock: (key) => locks.get(key),
    remember,
    forget,
    mark: () => moment,
    replaceAll: (all, mark) => {
      const isOlder = (key: string): boolean => (learnt.get(key) ?? 0) <= mark;
      const gone = [...locks.keys()].filter((key) => !all.has(key) && isOlder(key));
      for (const key of gone) forget(key);
      for (const [key, lock] of all) if (isOlder(key)) remember(key, lock);
      return gone;
    },
    concerned: (event) => {
      if (isKind(event, LOCKS)) return ofLock(event);
      if (isKind(event, PODS)) return ofPod(event);
      return isKind(event, STATEFUL_SETS) ? ofSet(event) : [];
    },
  };
};
