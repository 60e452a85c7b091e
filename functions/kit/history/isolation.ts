/**
 * S19: we write only to enrolled pods, to our records, and to the custom resources that ask for us. Judged where
 * managedFields prove that a write was ours.
 */
import { MANAGED_BY, MANAGED_BY_LABEL } from "../handover/names.ts";
import type { KubeObject } from "../kube/object.ts";
import { FIELD_MANAGER } from "../kube/request.ts";
import type { Step } from "./replay.ts";
import { violationAt, type Violation } from "./verdict.ts";

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

export const checkIsolation = (steps: readonly Step[]): readonly Violation[] =>
  steps.flatMap((step) => {
    const objects = [step.before, step.after].flatMap((state) => (state === undefined ? [] : [state.raw]));
    if (!isProvenOurs(step) || objects.some(isAllowed[step.kind])) return [];
    return [violationAt(step, "S19", "was written by us, but is none of ours")];
  });
