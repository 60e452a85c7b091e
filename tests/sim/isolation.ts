/** Watches for writes of ours to what is none of ours. */
import {
  enrolmentLabel,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampRecordAnnotation,
} from "../../functions/kit/handover/names.ts";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { BYSTANDER } from "./hands.ts";
import { FUNCTION_USER, type World } from "./world.ts";

/** The record by which this revision stamps a pod; undefined: it stamps none. */
const stampedBy = ({ resource, object, previous }: Revision, annotation: string): string | undefined => {
  const record = object.metadata.annotations?.[annotation];
  const isNew = record !== previous?.metadata.annotations?.[annotation];
  return resource.plural === PODS.plural && isNew ? record : undefined;
};

/** By uid of the record: its groups, and the uids of the pods that it has named. */
type Known = Map<string, Set<string | undefined>>;

const learn = (known: Known, { object: { metadata } }: Revision): void => {
  const { uid, labels = {}, annotations = {} } = metadata;
  const names = known.get(uid) ?? new Set();
  known.set(uid, names.add(labels[GROUP_LABEL]).add(annotations[HOLDER_UID_ANNOTATION]));
};

/** It was stamped by a record of its group, or by one that has named it. */
const isOwn = (
  known: Known,
  { object: { metadata } }: Revision,
  { feature, record }: Record<"feature" | "record", string>,
): boolean => {
  const names = known.get(record);
  return names?.has(metadata.labels?.[enrolmentLabel(feature)]) === true || names?.has(metadata.uid) === true;
};

/** Writes to bystanders, and stamps of records that have nothing to do with the pod. */
export const watchIsolation = ({ api, ways, problems }: World): void => {
  const known: Known = new Map();
  api.onRevision((revision) => {
    const { resource, object, resourceVersion, writer } = revision;
    const { name } = object.metadata;
    if (resource.plural === LEASES.plural) learn(known, revision);
    if (writer.user !== FUNCTION_USER) return;
    if (name.startsWith(BYSTANDER)) problems.push(`S19: revision ${resourceVersion}: wrote ${resource.plural}/${name}`);
    for (const { feature } of ways.map(({ names }) => names)) {
      const record = stampedBy(revision, stampRecordAnnotation(feature));
      if (record === undefined || isOwn(known, revision, { feature, record })) continue;
      problems.push(`S19: revision ${resourceVersion}: ${name} stamped by the record of another group`);
    }
  });
};
