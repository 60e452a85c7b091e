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

/** Writes to bystanders, and stamps of another group's record, unless it has named the pod. */
export const watchIsolation = ({ api, ways, problems }: World): void => {
  const groupsOfRecord = new Map<string, Set<string | undefined>>();
  const namedBy = new Map<string, Set<string | undefined>>();
  api.onRevision((revision) => {
    const { resource, object, resourceVersion, writer } = revision;
    const { name, uid, labels = {}, annotations = {} } = object.metadata;
    if (resource.plural === LEASES.plural) {
      groupsOfRecord.set(uid, (groupsOfRecord.get(uid) ?? new Set()).add(labels[GROUP_LABEL]));
      namedBy.set(uid, (namedBy.get(uid) ?? new Set()).add(annotations[HOLDER_UID_ANNOTATION]));
    }
    if (writer.user !== FUNCTION_USER) return;
    if (name.startsWith(BYSTANDER)) problems.push(`S19: revision ${resourceVersion}: wrote ${resource.plural}/${name}`);
    for (const { feature } of ways.map(({ names }) => names)) {
      const record = stampedBy(revision, stampRecordAnnotation(feature));
      if (record === undefined || groupsOfRecord.get(record)?.has(labels[enrolmentLabel(feature)]) === true) continue;
      if (namedBy.get(record)?.has(uid) === true) continue;
      problems.push(`S19: revision ${resourceVersion}: ${name} stamped by the record of another group`);
    }
  });
};
