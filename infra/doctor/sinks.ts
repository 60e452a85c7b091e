/** Where events are sent, as far as the cluster's own names tell: a URL's host, and the Service behind it. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { argumentsOf, environmentOf, installationOf, type Installation } from "./installation.ts";
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
    const uri = source && argumentsOf(source, "--sink")[0];
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

/** Services of other namespaces that a sink names, itself or through an ExternalName. */
export const sinkServices = (snapshot: Snapshot): readonly ServiceName[] => {
  const installation = installationOf(snapshot);
  const { namespace, own } = snapshot;
  if (installation === undefined) return [];
  const uris = sendersOf(snapshot, installation).flatMap(({ sink }) => sink.uri ?? []);
  const hosts = [...uris.map(hostOf), ...own.ownServices.flatMap((service) => externalNameOf(service) ?? [])];
  const names = hosts
    .map((host) => serviceOfHost(host, namespace))
    .filter((service) => service.namespace !== namespace);
  return [...new Map(names.map((service) => [`${service.namespace}/${service.name}`, service])).values()];
};
