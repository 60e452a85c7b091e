/** Whether something sends events and ticks, is Ready, and sends them to the function. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { selects } from "../../../functions/kit/selector.ts";
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import { applyCommand, type Installation } from "../installation.ts";
import { findService, hostOf, externalNameOf, sendersOf, serviceOfHost, type Sender, type SinkSpec } from "../sinks.ts";
import { OWN } from "../resources.ts";
import { isServed, nameOf, unreadiness, type Snapshot } from "../snapshot.ts";

/** What is wrong with where a sender posts to; undefined: it posts to the function. */
type Problem = string | undefined;

interface ReadySource {
  readonly status?: { readonly sinkUri?: string };
}

interface Addressed {
  readonly status?: { readonly address?: { readonly url?: string } };
}

interface Subscription {
  readonly broker?: string;
  readonly subscriber?: SinkSpec;
}

interface Route {
  readonly target?: { readonly service?: string };
  readonly rules?: readonly { readonly hosts?: readonly string[] }[];
}

const urlOf = ({ fn }: Installation): string => (fn.object as Addressed).status?.address?.url ?? "";

const throughInterceptor = (snapshot: Snapshot, host: string, bridge: KubeObject): Problem => {
  const { own, sinks, namespace } = snapshot;
  const behind = serviceOfHost(externalNameOf(bridge) ?? "", namespace);
  if (findService([...own.ownServices, ...sinks], behind) === undefined) {
    return `${nameOf(bridge)} stands for Service ${behind.namespace}/${behind.name}, which is not there`;
  }
  const routes = own.interceptorRoutes.map(({ spec }) => (spec ?? {}) as Route);
  const route = routes.find(({ rules = [] }) => rules.some(({ hosts = [] }) => hosts.includes(host)));
  if (route === undefined) return `no InterceptorRoute has the host ${host}`;
  const service = findService(own.ownServices, { namespace, name: route.target?.service ?? "" });
  return service === undefined
    ? `the InterceptorRoute leads to Service ${route.target?.service ?? ""}, which is not there`
    : undefined;
};

const toUri = (snapshot: Snapshot, installation: Installation, uri: string): Problem => {
  const { own, sinks, namespace } = snapshot;
  const { form, fn } = installation;
  const host = hostOf(uri);
  if (host === "") return `${JSON.stringify(uri)} is no URL`;
  if (form.startsWith("knative/") && host === hostOf(urlOf(installation))) return undefined;
  const named = serviceOfHost(host, namespace);
  const service = findService([...own.ownServices, ...sinks], named);
  if (service === undefined) return `${uri}: there is no Service ${named.namespace}/${named.name}`;
  if (externalNameOf(service) !== undefined) return throughInterceptor(snapshot, host, service);
  const { selector } = (service.spec ?? {}) as { readonly selector?: Readonly<Record<string, string>> };
  if (selector === undefined || !selects({ matchLabels: selector }, fn.labels))
    return `${uri}: ${nameOf(service)} does not select the function`;
  return form === "keda/http" ? `${uri}: past the interceptor, which holds events until the function runs` : undefined;
};

const isFunction = ({ ref }: SinkSpec, { fn }: Installation): boolean =>
  ref?.kind === fn.object.kind && ref?.name === fn.object.metadata.name && ref.apiVersion === fn.object.apiVersion;

const toBroker = ({ own }: Snapshot, installation: Installation, broker: string): Problem => {
  const triggers = own.triggers.filter(({ spec }) => ((spec ?? {}) as Subscription).broker === broker);
  const ours = triggers.find(({ spec }) => isFunction(((spec ?? {}) as Subscription).subscriber ?? {}, installation));
  if (ours === undefined) return `no Trigger leads from Broker ${broker} to the function`;
  const reason = unreadiness(ours);
  return reason === undefined ? undefined : `${nameOf(ours)} is not Ready: ${reason}`;
};

const toRef = (snapshot: Snapshot, installation: Installation, ref: SinkSpec["ref"]): Problem => {
  const { apiVersion = "", kind = "", name = "", namespace = snapshot.namespace } = ref ?? {};
  if (kind === "Broker") return toBroker(snapshot, installation, name);
  return apiVersion === "v1" && kind === "Service"
    ? toUri(snapshot, installation, `http://${name}.${namespace}`)
    : `${kind} ${namespace}/${name}`;
};

const problemOf = (snapshot: Snapshot, installation: Installation, sink: SinkSpec): Problem => {
  if (isFunction(sink, installation)) return undefined;
  return sink.ref === undefined
    ? toUri(snapshot, installation, sink.uri ?? "")
    : toRef(snapshot, installation, sink.ref);
};

const accepted = ({ form, fn }: Installation): string => {
  if (form === "knative/broker") return "a Broker that leads to the function, or the function's Service";
  if (form === "keda/http") return "the interceptor, through an ExternalName Service that an InterceptorRoute names";
  return `${nameOf(fn.object)}, or a Service that selects it`;
};

/** What the controller found as the address of the sink is what it says for long; the function's may have changed. */
const resolvedElsewhere = ({ object, sink }: Sender, installation: Installation): Problem => {
  const found = (object as ReadySource).status?.sinkUri;
  const url = urlOf(installation);
  if (!isFunction(sink, installation) || found === undefined || url === "" || hostOf(found) === hostOf(url))
    return undefined;
  return `the source posts to ${found}, the function's address is ${url}`;
};

const findingsOf = (snapshot: Snapshot, installation: Installation, sender: Sender): readonly Finding[] => {
  const { object, field, sink } = sender;
  const reason = object.kind === "Deployment" ? undefined : unreadiness(object);
  const problem = problemOf(snapshot, installation, sink) ?? resolvedElsewhere(sender, installation);
  const name = nameOf(object);
  // A source whose sink is wrong is often not Ready for that reason: one finding, the one with the remedy.
  if (problem !== undefined)
    return [
      error({
        object: name,
        field,
        got: problem,
        accepted: accepted(installation),
        remedy: applyCommand(installation),
      }),
    ];
  if (reason === undefined) return [];
  return [
    error({
      object: name,
      field: "status.conditions[Ready]",
      got: reason,
      accepted: "True",
      remedy: `kubectl -n ${snapshot.namespace} describe ${object.kind?.toLowerCase() ?? ""} ${object.metadata.name}`,
    }),
  ];
};

const KINDS = ["Pod", "StatefulSet", "Service", "StatefulSetLock", "LeaderStatusChecker"];

interface Streams {
  readonly resources?: readonly { readonly kind?: string }[];
}

/** Nobody tells of them: a change waits for the tick. */
const unstreamed = ({ own, namespace }: Snapshot, installation: Installation): readonly Finding[] => {
  const streamed = own.apiServerSources
    .flatMap(({ spec }) => ((spec ?? {}) as Streams).resources ?? [])
    .map(({ kind }) => kind);
  const told = new Set(streamed);
  const missing = KINDS.filter((kind) => !told.has(kind));
  return missing.length === 0
    ? []
    : [
        warning({
          object: `Namespace ${namespace}`,
          field: "ApiServerSource spec.resources",
          got: `nobody streams ${missing.join(", ")}`,
          accepted: KINDS.join(", "),
          remedy: `${applyCommand(installation)}; until then changes of these wait for the tick.`,
        }),
      ];
};

const absent = (namespace: string, field: string, installation: Installation): Finding =>
  error({
    object: `Namespace ${namespace}`,
    field,
    got: "there is none",
    accepted: field === "PingSource" ? "one: nobody renews Leases" : "one: nobody hears of a leader that fails",
    remedy: applyCommand(installation),
  });

export const sources: Check = {
  name: "sources",
  reads: ["apiServerSources", "pingSources", "triggers", "ownServices", "interceptorRoutes", "sinks"],
  fine: "what sends events and ticks is Ready, and aimed at the function",
  run: (snapshot, installation) => {
    if (installation === undefined) return undefined;
    const { namespace, own } = snapshot;
    const { form } = installation;
    const senders = sendersOf(snapshot, installation);
    const findings = senders.flatMap((sender) => findingsOf(snapshot, installation, sender));
    if (form === "standalone")
      return senders.length === 0 ? [absent(namespace, "Deployment bellwether-source", installation)] : findings;
    if (form === "keda/push" || !isServed(snapshot, OWN.pingSources)) return findings;
    return [
      ...(own.apiServerSources.length === 0
        ? [absent(namespace, "ApiServerSource", installation)]
        : unstreamed(snapshot, installation)),
      ...(own.pingSources.length === 0 ? [absent(namespace, "PingSource", installation)] : []),
      ...findings,
    ];
  },
};
