/**
 * Which owners an event may concern where a group is the pods of a StatefulSet: told from hints, without an API call. An owner that this
 * instance does not know is asked for by a run of its own (`LEARN_PREFIX`).
 */
import { isDeepStrictEqual } from "node:util";
import type { ObjectEvent } from "../../../events/types.ts";
import type { Hints } from "../group/hints.ts";
import { enrolmentLabel } from "../handover/names.ts";
import { keyText, LEARN_PREFIX } from "../keys.ts";
import type { KubeObject } from "../kube/object.ts";
import { apiVersionOf, STATEFUL_SETS, type Resource } from "../kube/request.ts";
import { viewSet, type SetView } from "./stateful-set.ts";

/** What these functions use of a feature's hints, which are found by `setValue` and `groupValue`. */
export interface SetHint {
  /** The StatefulSet as it was seen: its selector never changes under one uid. */
  readonly set: SetView | undefined;
}

export const setValue = (namespace: string, name: string): string => `set:${namespace}/${name}`;
export const groupValue = (group: string): string => `group:${group}`;

/** What tells of a pod; without an object its name is all that is known. */
export type PodNews = Pick<ObjectEvent, "namespace" | "name" | "change" | "object">;

export const isEventOf = (event: ObjectEvent, resource: Resource): boolean =>
  event.kind === resource.kind && event.apiVersion === apiVersionOf(resource);

/** The StatefulSets that the pod may belong to: by owner, and by name where the event carries no object. */
const setsOfPod = ({ object, name }: PodNews): readonly string[] =>
  object === undefined
    ? [name.replace(/-[0-9]+$/, "")]
    : (object.metadata.ownerReferences ?? [])
        .filter(({ kind }) => kind === STATEFUL_SETS.kind)
        .map((owner) => owner.name);

const isSameSet = (shown: SetView | undefined, known: SetView | undefined): boolean =>
  shown !== undefined && known !== undefined && isDeepStrictEqual(shown, known);

const toLearn = (namespace: string, name: string): string => `${LEARN_PREFIX}${keyText({ namespace, name })}`;

export const concernedByPod = (hints: Hints<SetHint>, feature: string, event: PodNews): readonly string[] => {
  const { namespace, change, object } = event;
  const group = object?.metadata.labels?.[enrolmentLabel(feature)];
  const sets = setsOfPod(event);
  const values = [...sets.map((set) => setValue(namespace, set)), ...(group === undefined ? [] : [groupValue(group)])];
  const keys = values.flatMap((value) => hints.at(value));
  // Enrolled by another instance, or new: this one may not have been told of the owner.
  const foreign = group === undefined && change !== "add";
  if (keys.length === 0 && !foreign) return sets.map((set) => toLearn(namespace, set));
  return [...new Set(keys)];
};

/**
 * A new StatefulSet may be one whose owner was announced to another instance, before there was a pod to enrol. An update that shows
 * what an owner's last read has shown says nothing new to it: most count Ready pods, of which the pods' own events tell.
 */
export const concernedBySet = (
  hints: Hints<SetHint>,
  { namespace, name, change, object }: ObjectEvent,
): readonly string[] => {
  const keys = hints.at(setValue(namespace, name));
  if (keys.length === 0 && change === "add") return [toLearn(namespace, name)];
  const shown = object === undefined || change !== "update" ? undefined : viewSet(object as KubeObject);
  return keys.filter((key) => !isSameSet(shown, hints.get(key)?.set));
};
