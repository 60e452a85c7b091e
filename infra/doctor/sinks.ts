/** Where events are sent, as far as the cluster's own names tell: a URL's host, and the Service behind it. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { argumentsOf, environmentOf } from "./environment.ts";
import { installationOf, type Installation } from "./installation.ts";
import type { Snapshot } from "./snapshot.ts";

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export interface SinkSpec {
  readonly ref?: {
    readonly apiVersion?: string;
    readonly kind?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly uri?: string;
}

/** Something that posts to the function. */
export interface Sender {
  readonly object: KubeObject;
  /** The field that says where. */
  readonly field: string;
  readonly sink: SinkSpec;
}

/** `name`, `name.namespace`, `name.namespace.svc`, and the same with the cluster's domain. */
export const serviceOfHost = (host: string, namespace: string): ServiceName => {
  const [name = "", of = namespace] = host.split(".");
  return { namespace: of, name };
};

/** Empty: no URL. */
export const hostOf = (uri: string): string => URL.parse(uri)?.hostname ?? "";

const sinkOf = ({ spec }: KubeObject): SinkSpec => ((spec ?? {}) as { readonly sink?: SinkSpec }).sink ?? {};

/** Sources of the form that is there: events and ticks. */
export const sendersOf = ({ own }: Snapshot, { form, source, scaler }: Installation): readonly Sender[] => {
  if (form === "standalone") {
    const uri = source && argumentsOf(source, "--sink").at(-1);
    return source === undefined ? [] : [{ object: source.object, field: "--sink", sink: { ...(uri && { uri }) } }];
  }
  if (form === "keda/push") {
    const uri = scaler && environmentOf(scaler)["BELLWETHER_FUNCTION_URL"];
    return scaler === undefined
      ? []
      : [{ object: scaler.object, field: "BELLWETHER_FUNCTION_URL", sink: { ...(uri && { uri }) } }];
  }
  return [...own.apiServerSources, ...own.pingSources].map((object) => ({
    object,
    field: "spec.sink",
    sink: sinkOf(object),
  }));
};

export const externalNameOf = ({ spec }: KubeObject): string | undefined => {
  const { type, externalName } = (spec ?? {}) as { readonly type?: string; readonly externalName?: string };
  return type === "ExternalName" ? externalName : undefined;
};

export const findService = (
  services: readonly KubeObject[],
  { namespace, name }: ServiceName,
): KubeObject | undefined =>
  services.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);

/** Metadata of a trigger: whom KEDA asks, and what it hands on. */
export type PushTrigger = Readonly<Record<string, string>>;

interface Triggers {
  readonly triggers?: readonly { readonly type?: string; readonly metadata?: PushTrigger }[];
}

/** Of a ScaledObject. */
export const pushTriggersOf = ({ spec }: KubeObject): readonly PushTrigger[] =>
  (((spec ?? {}) as Triggers).triggers ?? [])
    .filter(({ type }) => type === "external-push")
    .map(({ metadata = {} }) => metadata);

/** KEDA looks for a name without a namespace in its own. */
const KEDA_NAMESPACE = "keda";

export const addressOf = ({
  scalerAddress: text = "",
}: PushTrigger): { readonly host: ServiceName; readonly port: number; readonly text: string } => {
  const url = URL.parse(`grpc://${text}`);
  return { host: serviceOfHost(url?.hostname ?? "", KEDA_NAMESPACE), port: Number(url?.port), text };
};

/** Services of other namespaces that a sink or a trigger names, itself or through an ExternalName. */
export const sinkServices = (snapshot: Snapshot): readonly ServiceName[] => {
  const installation = installationOf(snapshot);
  const { namespace, own } = snapshot;
  if (installation === undefined) return [];
  const uris = sendersOf(snapshot, installation).flatMap(({ sink }) => sink.uri ?? []);
  const hosts = [...uris.map(hostOf), ...own.ownServices.flatMap((service) => externalNameOf(service) ?? [])];
  const names = [
    ...hosts.map((host) => serviceOfHost(host, namespace)),
    ...own.scaledObjects.flatMap(pushTriggersOf).map((trigger) => addressOf(trigger).host),
  ].filter((service) => service.name !== "" && service.namespace !== namespace);
  return [...new Map(names.map((service) => [`${service.namespace}/${service.name}`, service])).values()];
};
