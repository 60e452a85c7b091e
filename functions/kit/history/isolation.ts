/**
 * S19: we write only to enrolled pods, to our records, and to the custom resources that ask for us; and we enrol only
 * what belongs to the group. Judged where managedFields prove that a write was ours.
 */
import { enrolmentLabel, MANAGED_BY, MANAGED_BY_LABEL } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { FIELD_MANAGER } from "../kube/request.ts";
import type { Entry } from "./ledger.ts";
import type { Step } from "./replay.ts";
import { faultAt, type Fault } from "./verdict.ts";

const ENROLMENT_PREFIX = "bellwether.dev/";

/** By any feature: they all write under one name. */
const isEnrolled = ({ metadata }: KubeObject): boolean =>
  Object.keys(metadata.labels ?? {}).some((label) => label.startsWith(ENROLMENT_PREFIX));

const isRecord = ({ metadata }: KubeObject): boolean => metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;

/** Groups of Kubernetes itself have no dot, or end in `.k8s.io`. */
const isCustom = ({ apiVersion = "" }: KubeObject): boolean =>
  /^[^/]*\.[^/]*\//.test(apiVersion) && !/^[^/]*\.k8s\.io\//.test(apiVersion);

const isAllowed: Readonly<Record<Step["kind"], (object: KubeObject) => boolean>> = {
  pod: isEnrolled,
  lease: isRecord,
  other: isCustom,
};

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

export const isolationFaults = ({ step }: Entry, feature: string): readonly Fault[] => {
  if (!isProvenOurs(step)) return [];
  const objects = [step.before, step.after].flatMap((state) => (state === undefined ? [] : [state.raw]));
  if (objects.some(isAllowed[step.kind])) return enrolmentFaults(step, feature);
  return [faultAt(step, "S19", "was written by us, but is none of ours")];
};
