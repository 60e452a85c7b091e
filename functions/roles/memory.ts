/**
 * What a warm instance remembers: which checkers there are, the names in their specs, each StatefulSet as it was last seen, when the pods
 * were last asked, and whom a sweep wants to have asked. Hints only: every run reads and asks.
 */
import type { ClaimEvent, ObjectEvent } from "../../events/types.ts";
import { createHints, type Hints } from "../kit/group/hints.ts";
import { keyOf, keyText } from "../kit/keys.ts";
import { PODS, STATEFUL_SETS } from "../kit/kube/request.ts";
import { concernedByPod, concernedBySet, groupValue, isEventOf, setValue } from "../kit/pods/concerned.ts";
import { CHECKERS, ROLES } from "./labels.ts";
import type { CheckerHint } from "./load.ts";
import type { Resting } from "./resting.ts";

export interface RolesMemory extends Hints<CheckerHint> {
  /** Keys of the checkers that an event may concern. */
  concerned(event: ObjectEvent): readonly string[];
  claimed(claim: ClaimEvent): readonly string[];
  /** The pods are asked now; `at` in milliseconds of the monotonic clock. */
  noteAsking(key: string, at: number): void;
  /** Undefined: never, as far as this instance knows. */
  askedAt(key: string): number | undefined;
  /** Its pods are to be asked. */
  leave(key: string, resting: Resting): void;
  /** Once; undefined: nothing was left since the pods were last asked. */
  take(key: string): Resting | undefined;
}

const valuesOf = (_key: string, { setNamespace, statefulSetName, set }: CheckerHint): readonly string[] => {
  const named = setValue(setNamespace, statefulSetName);
  return set === undefined ? [named] : [named, groupValue(set.uid)];
};

export const createMemory = (): RolesMemory => {
  const hints = createHints({ valuesOf, namespaceOf: (key) => keyOf(key).namespace });
  const askings = new Map<string, number>();
  const left = new Map<string, Resting>();

  const forgetAsking = (key: string): void => {
    askings.delete(key);
    left.delete(key);
  };

  /** The checker itself, and those that share its StatefulSet, also the one that it named before: one's end may be another's turn. */
  const ofChecker = (event: ObjectEvent): readonly string[] => {
    const key = keyText(event);
    const { namespace, statefulSetName } = (event.object?.spec ?? {}) as {
      namespace?: string;
      statefulSetName?: string;
    };
    const known = hints.get(key);
    const named = [
      ...(statefulSetName === undefined ? [] : [setValue(namespace ?? "", statefulSetName)]),
      ...(known === undefined ? [] : [setValue(known.setNamespace, known.statefulSetName)]),
    ];
    return [...new Set([key, ...named.flatMap((value) => hints.at(value))])];
  };

  return {
    ...hints,
    forget: (key) => {
      forgetAsking(key);
      hints.forget(key);
    },
    replaceAll: (all, swept) => {
      const gone = hints.replaceAll(all, swept);
      for (const key of gone) forgetAsking(key);
      return gone;
    },
    concerned: (event) => {
      if (isEventOf(event, CHECKERS)) return ofChecker(event);
      if (isEventOf(event, PODS)) return concernedByPod(hints, ROLES.feature, event);
      return isEventOf(event, STATEFUL_SETS) ? concernedBySet(hints, event) : [];
    },
    claimed: ({ namespace, pod }) =>
      concernedByPod(hints, ROLES.feature, { namespace, name: pod, change: "add", object: undefined }),
    noteAsking: (key, at) => {
      askings.set(key, at);
      left.delete(key);
    },
    askedAt: (key) => askings.get(key),
    leave: (key, resting) => void left.set(key, resting),
    take: (key) => {
      const resting = left.get(key);
      left.delete(key);
      return resting;
    },
  };
};
