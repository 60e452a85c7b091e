/** What route mode sees of a Service, of our slices and of everybody else's, read from raw objects; and what ours should say. */
import { isDeepStrictEqual } from "node:util";
import { parseEpoch } from "../../kit/handover/epoch.ts";
import type { Holder, RecordView } from "../../kit/handover/model.ts";
import { EPOCH_ANNOTATION, HOLDER_UID_ANNOTATION } from "../../kit/handover/names.ts";
import type { KubeObject } from "../../kit/kube/object.ts";
import { viewCandidate, type Candidate } from "../../kit/pods/candidate.ts";
import { selects } from "../../kit/selector.ts";
import { ROLES } from "../labels.ts";
import { viewService, type ServiceView } from "../model.ts";
import {
  addressesOf,
  endpointOf,
  familiesOf,
  isHeadless,
  portsOf,
  specOf,
  type Endpoint,
  type EndpointPort,
  type Family,
} from "./endpoint.ts";
import {
  EXCLUSIVE_ANNOTATION,
  EXCLUSIVE_VALUE,
  HEADLESS_LABEL,
  HOLDER_ANNOTATION,
  MANAGER,
  MANAGER_LABEL,
  PART_LABEL,
  ROUTED_EPOCH_ANNOTATION,
  SECOND_ANNOTATION,
  SERVICE_LABEL,
  TURN,
  type Part,
} from "./names.ts";

export interface RoutedService extends ServiceView {
  /** At least one. */
  readonly families: readonly Family[];
  /** The last epoch that was reported on it. */
  readonly epoch: number | undefined;
  /** The last change of the selector that was made; undefined: none that is told. */
  readonly turn: string | undefined;
  /** The controllers fill slices for it. */
  readonly isSelecting: boolean;
}

/** What proxies and DNS read of a slice. */
export interface SliceContent {
  readonly labels: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  readonly ports: readonly EndpointPort[];
}

/** A slice of ours. */
export interface SliceView extends SliceContent {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly addressType: string;
  /** uid of the Service that owns it; undefined: none does. */
  readonly owner: string | undefined;
  readonly deleting: boolean;
  /** Who it was last written for; undefined: nobody. */
  readonly holder: Holder | undefined;
  /** Undefined: none that can be read. */
  readonly epoch: number | undefined;
  /** An epoch is there but does not parse, or lies in the far future. */
  readonly tampered: boolean;
  /** Value of `SECOND_ANNOTATION`. */
  readonly second: string | undefined;
  /** The change of the selector that was to be made last. */
  readonly turn: string | undefined;
  /** The cut-over of that turn has ended. */
  readonly exclusive: boolean;
}

/** A slice of the Service that somebody else keeps. */
export interface OtherSlice {
  readonly name: string;
  readonly manager: string | undefined;
  readonly addressType: string;
  /** The Service's, when it was written. */
  readonly turn: string | undefined;
  readonly endpoints: number;
  /** uids of the pods that new connections may go to; undefined: something that is no pod. */
  readonly ready: readonly (string | undefined)[];
}

/** What a slice of ours should say; it is written whole. */
export interface SliceSpec {
  readonly name: string;
  readonly family: Family;
  readonly holder: Holder | undefined;
  readonly epoch: number;
  readonly second: string | undefined;
  readonly turn: string | undefined;
  readonly exclusive: boolean;
  readonly content: SliceContent;
}

interface RawSlice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly EndpointPort[] | null;
}

export const sliceName = (service: string, family: Family): string => `${service}-bellwether-${family.toLowerCase()}`;

/** IPv4 keeps the record wherever it is one of the families. */
export const recordFamily = ({ families }: RoutedService): Family => (families.includes("IPv4") ? "IPv4" : "IPv6");

/** Undefined: there is one family. */
export const secondFamily = (service: RoutedService): Family | undefined =>
  service.families.find((family) => family !== recordFamily(service));

export const viewRouted = (raw: KubeObject, now: number): RoutedService => {
  const service = viewService(raw);
  const spec = specOf(raw);
  return {
    ...service,
    families: familiesOf(spec),
    epoch: parseEpoch(raw.metadata.annotations?.[ROUTED_EPOCH_ANNOTATION], now),
    turn: raw.metadata.labels?.[TURN],
    isSelecting: Object.keys(service.original).length > 0 && spec.type !== "ExternalName",
  };
};

const holderOf = (annotations: Readonly<Record<string, string>>): Holder | undefined => {
  const [name = "", uid = ""] = [annotations[HOLDER_ANNOTATION], annotations[HOLDER_UID_ANNOTATION]];
  return name === "" && uid === "" ? undefined : { name, uid };
};

export const viewSlice = (slice: KubeObject, now: number): SliceView => {
  const { metadata, addressType = "", endpoints, ports } = slice as RawSlice;
  const annotations = metadata.annotations ?? {};
  const epoch = parseEpoch(annotations[EPOCH_ANNOTATION], now);
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    addressType,
    owner: metadata.ownerReferences?.find(({ kind }) => kind === "Service")?.uid,
    deleting: metadata.deletionTimestamp !== undefined,
    holder: holderOf(annotations),
    epoch,
    tampered: annotations[EPOCH_ANNOTATION] !== undefined && epoch === undefined,
    second: annotations[SECOND_ANNOTATION],
    turn: annotations[TURN],
    exclusive: annotations[EXCLUSIVE_ANNOTATION] === EXCLUSIVE_VALUE,
    labels: metadata.labels ?? {},
    endpoints: endpoints ?? [],
    ports: ports ?? [],
  };
};

/** An endpoint that does not say is ready. */
export const isReadyEndpoint = ({ conditions }: Endpoint): boolean => conditions?.ready !== false;

export const viewOther = (slice: KubeObject): OtherSlice => {
  const { metadata, addressType = "", endpoints } = slice as RawSlice;
  return {
    name: metadata.name,
    manager: metadata.labels?.[MANAGER_LABEL],
    addressType,
    turn: metadata.labels?.[TURN],
    endpoints: endpoints?.length ?? 0,
    ready: (endpoints ?? []).filter(isReadyEndpoint).map(({ targetRef }) => targetRef?.uid),
  };
};

/** By its name too: the label may have been taken off. */
export const isOurs = ({ metadata }: KubeObject, service: string): boolean =>
  metadata.labels?.[MANAGER_LABEL] === MANAGER ||
  [sliceName(service, "IPv4"), sliceName(service, "IPv6")].includes(metadata.name);

/** The slice that records who is active, as the hand-over knows records. */
export const recordOf = ({
  name,
  namespace,
  uid,
  resourceVersion,
  holder,
  epoch,
  tampered,
}: SliceView): RecordView => ({
  name,
  namespace,
  uid,
  resourceVersion,
  holder,
  epoch,
  tampered,
  leaseTransitions: 0,
  leaseDurationSeconds: undefined,
  renewTime: undefined,
  acquireTime: undefined,
});

/** Pods carry nothing of route mode: each that the selector finds, and that has an address, counts as enrolled with the Service. */
export const viewRoutePod = (pod: KubeObject, service: RoutedService, now: number): Candidate => {
  const isSelected = selects({ matchLabels: service.original }, pod.metadata.labels);
  const isReachable = service.families.some((family) => addressesOf(pod, family).length > 0);
  return { ...viewCandidate(pod, ROLES, { member: isSelected && isReachable, now }), group: service.uid };
};

/** The Service's own labels go with its slices, as its controller does it; those that have a meaning there are ours to set. */
const labelsOf = ({ metadata, raw }: RoutedService, part: Part): Readonly<Record<string, string>> => {
  const { [HEADLESS_LABEL]: _headless, [TURN]: _turn, ...labels } = metadata.labels ?? {};
  return {
    ...labels,
    ...(isHeadless(specOf(raw)) ? { [HEADLESS_LABEL]: "" } : {}),
    [SERVICE_LABEL]: metadata.name,
    [MANAGER_LABEL]: MANAGER,
    [PART_LABEL]: part,
  };
};

/** `pod` undefined: nobody, or one that is gone. */
export const contentOf = (service: RoutedService, family: Family, pod: Candidate | undefined): SliceContent => {
  const endpoint = pod === undefined ? undefined : endpointOf(service.raw, pod, family);
  return {
    labels: labelsOf(service, family === recordFamily(service) ? "record" : "second"),
    endpoints: endpoint === undefined ? [] : [endpoint],
    ports: portsOf(service.raw, pod?.raw),
  };
};

const said = ({ holder, epoch = 0, second, turn, exclusive }: SliceView | SliceSpec): unknown => ({
  holder,
  epoch,
  second,
  turn,
  exclusive,
});

const shown = ({ labels, endpoints, ports }: SliceContent): unknown => ({ labels, endpoints, ports });

/** Nothing would be written. */
export const isAsSpecified = (slice: SliceView, spec: SliceSpec): boolean =>
  slice.owner !== undefined &&
  isDeepStrictEqual(said(slice), said(spec)) &&
  isDeepStrictEqual(shown(slice), shown(spec.content));
