/** Finalizers, added and removed by patches that are conditional on the version they were read from. */
import type { ObjectMeta } from "./kube/object.ts";
import { patchRequest, type KubeRequest, type Resource } from "./kube/request.ts";

export const hasFinalizer = (metadata: ObjectMeta, finalizer: string): boolean =>
  metadata.finalizers?.includes(finalizer) ?? false;

const withFinalizers = (resource: Resource, metadata: ObjectMeta, finalizers: readonly string[]): KubeRequest =>
  patchRequest(resource, { namespace: metadata.namespace ?? "", on: metadata }, { metadata: { finalizers } });

export const addFinalizer = (resource: Resource, metadata: ObjectMeta, finalizer: string): KubeRequest =>
  withFinalizers(resource, metadata, [...(metadata.finalizers ?? []), finalizer]);

export const removeFinalizer = (resource: Resource, metadata: ObjectMeta, finalizer: string): KubeRequest =>
  withFinalizers(
    resource,
    metadata,
    (metadata.finalizers ?? []).filter((name) => name !== finalizer),
  );
