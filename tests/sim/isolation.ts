/** Watches for writes of ours to what is none of ours. */
import {
  enrolmentLabel,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
} from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { BYSTANDER } from "./hands.ts";
import { FUNCTION_USER, type World } from "./world.ts";

/** The part of a world that is needed. */
export interface Watched {
  readonly api: Pick<World["api"], "onRevision">;
  readonly ways: readonly { readonly names: { readonly feature: string } }[];
  readonly problems: string[];
}

/** The record by which this revision stamps a pod; undefined: it stamps none. */
const stampedBy = ({ resource, object, previous }: Revision, annotation: string): string | undefined => {
  const record = object.metadata.annotations?.[annotation];
  const isNew = record !== previous?.metadata.annotations?.[annotation];
  return resource.plural === PODS.plural && isNew ? record : undefined;
};

interface Known {
  /** By uid of the record: its groups, and the uids of the pods that it has named. */
  readonly names: Map<string, Set<string>>;
  /** By uid of the record: the uids of pods that somebody else has written into it, until it moves on by a write of ours. */
  readonly forged: Map<string, Set<string>>;
}

const add = (sets: Map<string, Set<string>>, key: string, value: string | undefined): void => {
  if (value !== undefined) sets.set(key, (sets.get(key) ?? new Set()).add(value));
};

const learn = ({ names, forged }: Known, { object: { metadata }, previous, writer }: Revision): void => {
  const { uid, labels = {}, annotations = {} } = metadata;
  const holder = annotations[HOLDER_UID_ANNOTATION];
  add(names, uid, labels[GROUP_LABEL]);
  add(names, uid, holder);
  const isNew = holder !== previous?.metadata.annotations?.[HOLDER_UID_ANNOTATION];
  if (!isNew) return;
  if (writer.user === FUNCTION_USER) forged.delete(uid);
  else add(forged, uid, holder);
};

/** It was stamped by a record of its group, or by one that has named it. */
const isOwn = (
  { names }: Known,
  { object: { metadata } }: Revision,
  { feature, record }: Record<"feature" | "record", string>,
): boolean => {
  const known = names.get(record);
  return known?.has(metadata.labels?.[enrolmentLabel(feature)] ?? "") === true || known?.has(metadata.uid) === true;
};

/** All that is not the server's own. */
const contentOf = ({ metadata, ...rest }: KubeObject, left: ReadonlySet<string>): string => {
  const { resourceVersion: _version, managedFields: _fields, annotations = {}, ...others } = metadata;
  return JSON.stringify([rest, others, Object.entries(annotations).filter(([name]) => !left.has(name))]);
};

/**
 * Nothing but the stamp of a record is new into which somebody else has written the pod. It has to have that before the record moves on: a pod
 * that is named may be about to be promoted by somebody who read the record, and nothing tells a forged name from one whose enrolment was lost.
 */
const isStampOfForged = ({ forged }: Known, revision: Revision, feature: string): boolean => {
  const { object, previous } = revision;
  const record = stampedBy(revision, stampRecordAnnotation(feature));
  if (previous === undefined || record === undefined || forged.get(record)?.has(object.metadata.uid) !== true)
    return false;
  const stamp = new Set([stampEpochAnnotation(feature), stampRecordAnnotation(feature)]);
  return contentOf(object, stamp) === contentOf(previous, stamp);
};

/** Writes to bystanders, and stamps of records that have nothing to do with the pod. */
export const watchIsolation = ({ api, ways, problems }: Watched): void => {
  const known: Known = { names: new Map(), forged: new Map() };
  const features = ways.map(({ names }) => names.feature);
  api.onRevision((revision) => {
    const { resource, object, resourceVersion, writer } = revision;
    const { name } = object.metadata;
    if (resource.plural === LEASES.plural) learn(known, revision);
    if (writer.user !== FUNCTION_USER) return;
    if (name.startsWith(BYSTANDER) && !features.some((feature) => isStampOfForged(known, revision, feature)))
      problems.push(`S19: revision ${resourceVersion}: wrote ${resource.plural}/${name}`);
    for (const feature of features) {
      const record = stampedBy(revision, stampRecordAnnotation(feature));
      if (record === undefined || isOwn(known, revision, { feature, record })) continue;
      problems.push(`S19: revision ${resourceVersion}: ${name} stamped by the record of another group`);
    }
  });
};
