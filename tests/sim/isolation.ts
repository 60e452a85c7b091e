/** Watches for writes of ours to what is none of ours. */
import {
  enrolmentLabel,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  type RoleNames,
} from "../../functions/kit/handover/names.ts";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import type { MemoryApi } from "../../infra/lab/memory/api.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { BYSTANDER } from "./hands.ts";
import { FUNCTION_USER } from "./world.ts";

/** The part of a world that is needed. */
export interface Watched {
  readonly api: Pick<MemoryApi, "onRevision">;
  readonly ways: readonly { readonly names: Pick<RoleNames, "feature"> }[];
  readonly problems: string[];
}

/** The record by which this revision stamps a pod; undefined: it stamps none. */
const stampedBy = ({ resource, object, previous }: Revision, annotation: string): string | undefined => {
  const record = object.metadata.annotations?.[annotation];
  const isNew = record !== previous?.metadata.annotations?.[annotation];
  return resource.plural === PODS.plural && isNew ? record : undefined;
};

/** By uid of the record: its groups, and the uids of the pods that it has named. */
type Known = Map<string, Set<string>>;

const learn = (known: Known, { object: { metadata } }: Revision): void => {
  const { uid, labels = {}, annotations = {} } = metadata;
  const names = known.get(uid) ?? new Set();
  for (const name of [labels[GROUP_LABEL], annotations[HOLDER_UID_ANNOTATION]]) if (name !== undefined) names.add(name);
  known.set(uid, names);
};

/** It was stamped by a record of its group, or by one that has named it. */
const isOwn = (
  known: Known,
  { object: { metadata } }: Revision,
  { feature, record }: Record<"feature" | "record", string>,
): boolean => {
  const names = known.get(record);
  return names?.has(metadata.labels?.[enrolmentLabel(feature)] ?? "") === true || names?.has(metadata.uid) === true;
};

/** What a revision says of a pod beside stamps. */
const unstamped = ({ metadata, spec }: Revision["object"], features: readonly string[]): string => {
  const stamps = new Set(features.flatMap((name) => [stampEpochAnnotation(name), stampRecordAnnotation(name)]));
  const others = Object.entries(metadata.annotations ?? {}).filter(([name]) => !stamps.has(name));
  return JSON.stringify([metadata.labels, others, metadata.finalizers, spec]);
};

/** Whom somebody has written into a record is stamped before it moves on, whoever that is; never relabelled. */
const isMereStamp = ({ resource, object, previous }: Revision, features: readonly string[]): boolean =>
  resource.plural === PODS.plural &&
  previous !== undefined &&
  unstamped(object, features) === unstamped(previous, features);

/** Writes to bystanders, but for stamps, and stamps of records that have nothing to do with the pod. */
export const watchIsolation = ({ api, ways, problems }: Watched): void => {
  const known: Known = new Map();
  const features = ways.map(({ names }) => names.feature);
  api.onRevision((revision) => {
    const { resource, object, resourceVersion, writer } = revision;
    const { name } = object.metadata;
    if (resource.plural === LEASES.plural) learn(known, revision);
    if (writer.user !== FUNCTION_USER) return;
    if (name.startsWith(BYSTANDER) && !isMereStamp(revision, features))
      problems.push(`S19: revision ${resourceVersion}: wrote ${resource.plural}/${name}`);
    for (const feature of features) {
      const record = stampedBy(revision, stampRecordAnnotation(feature));
      if (record === undefined || isOwn(known, revision, { feature, record })) continue;
      problems.push(`S19: revision ${resourceVersion}: ${name} stamped by the record of another group`);
    }
  });
};
