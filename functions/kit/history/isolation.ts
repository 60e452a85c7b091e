/**
 * S19: we write only to enrolled pods (to others no more than a stamp: a record may have named one of them), to our records and slices, and to the
 * custom resources and Services that ask for us; and we enrol only what belongs to the group. Judged where managedFields prove that a write
 * was ours.
 */
import { enrolmentLabel, MANAGED_BY, MANAGED_BY_LABEL } from "../handover/names.ts";
import type { KubeObject, ObjectMeta } from "../kube/object.ts";
import { ENDPOINT_SLICES, FIELD_MANAGER, LEASES, PODS, SERVICES } from "../kube/request.ts";
import type { Entry } from "./ledger.ts";
import type { Step } from "./replay.ts";
import { faultAt, type Fault } from "./verdict.ts";

const OUR_PREFIX = "bellwether.dev/";

const isOurName = (name: string): boolean => name.startsWith(OUR_PREFIX);

/** An enrolled pod or a slice of ours, of any feature: they all write under one name. */
const hasOurLabel = ({ metadata }: KubeObject): boolean => Object.keys(metadata.labels ?? {}).some(isOurName);

const isRecord = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;

/** Groups of Kubernetes itself have no dot, or end in `.k8s.io`. */
const isCustom = ({ apiVersion = "" }: KubeObject): boolean =>
  /^[^/]*\.[^/]*\//.test(apiVersion) && !/^[^/]*\.k8s\.io\//.test(apiVersion);

/** What of its own feature the checker is to know. */
interface Own {
  readonly feature: string;
  /** Annotation by which a Service asks for the feature; undefined: another feature's, of which only our annotations are known. */
  readonly optIn: string | undefined;
}

/** Its state before the write counts: what was written by us does not allow itself to be written. */
const isServiceAllowed = ({ before, after }: Step, { optIn }: Own): boolean => {
  const states = optIn === undefined ? [before, after] : [before];
  return states
    .flatMap((state) => Object.keys(state?.raw.metadata.annotations ?? {}))
    .some((name) => name === optIn || isOurName(name));
};

const isObjectAllowed = (object: KubeObject): boolean => {
  if (object.kind === PODS.kind || object.kind === ENDPOINT_SLICES.kind) return hasOurLabel(object);
  return object.kind === LEASES.kind ? isRecord(object) : isCustom(object);
};

const isStamp = (name: string): boolean => isOurName(name) && /\.(?:epoch|record)$/.test(name);

const withoutStamps = ({ labels = {}, annotations = {} }: ObjectMeta): string =>
  JSON.stringify([labels, Object.fromEntries(Object.entries(annotations).filter(([name]) => !isStamp(name)))]);

/** Nothing but the stamp is new. */
const isStamped = ({ before, after }: Step): boolean =>
  before?.raw.kind === PODS.kind &&
  after !== undefined &&
  withoutStamps(before.raw.metadata) === withoutStamps(after.raw.metadata);

const isAllowed = (step: Step, own: Own): boolean =>
  step.revision.object.kind === SERVICES.kind
    ? isServiceAllowed(step, own)
    : isStamped(step) || [step.before, step.after].some((state) => state !== undefined && isObjectAllowed(state.raw));

/** A first sight shows everyone who ever wrote; it is our creation only when nobody else did. */
const isProvenOurs = ({ before, authors = [] }: Step): boolean =>
  authors.includes(FIELD_MANAGER) && (before !== undefined || authors.every((author) => author === FIELD_MANAGER));

/** Groups that a Service selects are named by a hash of its selector; all others by the uid of their pods' owner. */
const SELECTOR_HASH = /^[0-9a-f]{32}$/;

const isStranger = ({ metadata: { labels, ownerReferences = [] } }: KubeObject, label: string): boolean => {
  const group = labels?.[label] ?? "";
  return !SELECTOR_HASH.test(group) && !ownerReferences.some(({ uid }) => uid === group);
};

const enrolmentFaults = (step: Step, feature: string): readonly Fault[] => {
  if (step.kind !== "pod" || step.before === undefined || step.after?.group === undefined) return [];
  const { before, after } = step;
  const label = enrolmentLabel(feature);
  if (before.group === after.group || !isStranger(after.raw, label)) return [];
  return [faultAt(step, "S19", `was enrolled by us in ${after.group}, which does not own it`)];
};

export const isolationFaults = ({ step }: Entry, own: Own): readonly Fault[] => {
  if (!isProvenOurs(step)) return [];
  if (isAllowed(step, own)) return enrolmentFaults(step, own.feature);
  return [faultAt(step, "S19", "was written by us, but is none of ours")];
};
