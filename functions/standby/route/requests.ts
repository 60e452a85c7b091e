/** The steps of route mode as requests. A slice is owned by its Service, so that the garbage collector takes it when the Service goes. */
import type { Holder } from "../../kit/handover/model.ts";
import { EPOCH_ANNOTATION, HOLDER_UID_ANNOTATION } from "../../kit/handover/names.ts";
import {
  apiVersionOf,
  createRequest,
  deleteRequest,
  ENDPOINT_SLICES,
  patchRequest,
  SERVICES,
  type KubeRequest,
} from "../../kit/kube/request.ts";
import type { RoutedService, SliceSpec, SliceView } from "./model.ts";
import { EXCLUSIVE_ANNOTATION, EXCLUSIVE_VALUE, HOLDER_ANNOTATION, SECOND_ANNOTATION, TURN } from "./names.ts";
import type { ServiceChange, Step } from "./step.ts";

/** The steps that write. */
export type Write = Exclude<Step, { readonly kind: "wait" } | { readonly kind: "settled" }>;

const NOBODY: Holder = { name: "", uid: "" };

const annotationsOf = ({
  holder = NOBODY,
  epoch,
  second,
  turn,
  exclusive,
}: SliceSpec): Record<string, string | null> => ({
  [EPOCH_ANNOTATION]: String(epoch),
  [HOLDER_UID_ANNOTATION]: holder.uid,
  [HOLDER_ANNOTATION]: holder.name,
  [SECOND_ANNOTATION]: second ?? null,
  [TURN]: turn ?? null,
  [EXCLUSIVE_ANNOTATION]: exclusive ? EXCLUSIVE_VALUE : null,
});

const metadataOf = ({ name, uid }: RoutedService, spec: SliceSpec): Record<string, unknown> => ({
  annotations: annotationsOf(spec),
  ownerReferences: [{ apiVersion: apiVersionOf(SERVICES), kind: SERVICES.kind, name, uid, controller: true }],
});

const creation = (service: RoutedService, spec: SliceSpec): KubeRequest => {
  const { labels, endpoints, ports } = spec.content;
  const { annotations, ...metadata } = metadataOf(service, spec);
  const texts = Object.entries(annotations as Record<string, string | null>).filter(([, text]) => text !== null);
  return createRequest(ENDPOINT_SLICES, service.namespace, {
    apiVersion: apiVersionOf(ENDPOINT_SLICES),
    kind: ENDPOINT_SLICES.kind,
    metadata: {
      name: spec.name,
      namespace: service.namespace,
      labels,
      annotations: Object.fromEntries(texts),
      ...metadata,
    },
    addressType: spec.family,
    endpoints,
    ports,
  });
};

/** The compare-and-swap: by uid and resourceVersion, with everything that the slice says. */
const swap = (service: RoutedService, slice: SliceView, spec: SliceSpec): KubeRequest => {
  const { labels, endpoints, ports } = spec.content;
  const removed = Object.keys(slice.labels).filter((key) => !Object.hasOwn(labels, key));
  const metadata = {
    ...metadataOf(service, spec),
    labels: { ...labels, ...Object.fromEntries(removed.map((key) => [key, null])) },
  };
  return patchRequest(ENDPOINT_SLICES, { namespace: slice.namespace, on: slice }, { metadata, endpoints, ports });
};

const ifAny = (texts: Readonly<Record<string, string | null>>, body: Readonly<Record<string, unknown>>): object =>
  Object.keys(texts).length === 0 ? {} : body;

const serviceRequest = (
  { namespace, metadata }: RoutedService,
  { annotations, labels, selector }: ServiceChange,
): KubeRequest =>
  patchRequest(
    SERVICES,
    { namespace, on: metadata },
    { metadata: { annotations, ...ifAny(labels, { labels }) }, ...ifAny(selector, { spec: { selector } }) },
  );

export const deletionOf = (slice: SliceView): KubeRequest => deleteRequest(ENDPOINT_SLICES, slice.namespace, slice);

export const requestOf = (service: RoutedService, step: Write): KubeRequest => {
  switch (step.kind) {
    case "service":
      return serviceRequest(service, step.change);
    case "delete":
      return deletionOf(step.slice);
    case "write":
      return step.slice === undefined ? creation(service, step.spec) : swap(service, step.slice, step.spec);
  }
};
