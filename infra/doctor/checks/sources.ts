/** Whether something sends events and ticks, is Ready, and sends them to the function. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Check } from "../check.ts";
import { error, unknown, type Finding } from "../finding.ts";
import { applyCommand, type Installation } from "../installation.ts";
import { hasHost, routeProblem } from "../interceptor.ts";
import { OWN } from "../resources.ts";
import { functionListener, portProblem, serviceProblem } from "../services.ts";
import { externalNameOf, findService, hostOf, sendersOf, serviceOfHost, type Sender, type SinkSpec } from "../sinks.ts";
import { isServed, nameOf, unreadiness, type Snapshot } from "../snapshot.ts";
import { passing, triggerSpecOf } from "../triggers.ts";

/** What is wrong with where a sender posts to; undefined: it posts to the function. */
type Problem = string | undefined;

interface ReadySource {
  readonly status?: { readonly sinkUri?: string };
}

interface Addressed {
  readonly status?: { readonly address?: { readonly url?: string } };
}

const urlOf = ({ fn }: Installation): string => (fn.object as Addressed).status?.address?.url ?? "";

const throughInterceptor = (snapshot: Snapshot, installation: Installation, uri: URL, bridge: KubeObject): Problem => {
  const { own, sinks, namespace } = snapshot;
  const behind = serviceOfHost(externalNameOf(bridge) ?? "", namespace);
  const interceptor = findService([...own.ownServices, ...sinks], behind);
  if (interceptor === undefined)
    return `${nameOf(bridge)} stands for Service ${behind.namespace}/${behind.name}, which is not there`;
  const missing = portProblem(interceptor, portOf(uri));
  if (missing !== undefined) return `${uri.href}: ${missing}`;
  const route = own.interceptorRoutes.find((candidate) => hasHost(candidate, uri.hostname));
  return route === undefined
    ? `no InterceptorRoute has the host ${uri.hostname}`
    : routeProblem(snapshot, installation, route);
};

const HTTP_PORT = 80;

const portOf = ({ port }: URL): number => (port === "" ? HTTP_PORT : Number(port));

/** Serving's own address, which may have a certificate. */
const isServings = (installation: Installation, { hostname, protocol, port }: URL): boolean => {
  const address = URL.parse(urlOf(installation));
  return hostname === address?.hostname && port === "" && (protocol === "http:" || protocol === address.protocol);
};

const toService = (snapshot: Snapshot, installation: Installation, uri: URL): Problem => {
  const { own, sinks, namespace } = snapshot;
  if (uri.protocol !== "http:") return `${uri.href}: the function speaks http alone`;
  const named = serviceOfHost(uri.hostname, namespace);
  const service = findService([...own.ownServices, ...sinks], named);
  if (service === undefined) return `${uri.href}: there is no Service ${named.namespace}/${named.name}`;
  if (externalNameOf(service) !== undefined) return throughInterceptor(snapshot, installation, uri, service);
  const problem = serviceProblem(service, portOf(uri), functionListener(installation));
  if (problem !== undefined) return `${uri.href}: ${problem}`;
  return installation.form === "keda/http"
    ? `${uri.href}: past the interceptor, which holds events until the function runs`
    : undefined;
};

const wrongPath = ({ pathname, href }: URL): Problem =>
  pathname === "/" ? undefined : `${href}: the function takes events at / alone`;

const toUri = (snapshot: Snapshot, installation: Installation, text: string): Problem => {
  const uri = URL.parse(text);
  if (uri === null || uri.hostname === "") return `${JSON.stringify(text)} is no URL`;
  const isDirect = installation.form.startsWith("knative/") && isServings(installation, uri);
  return wrongPath(uri) ?? (isDirect ? undefined : toService(snapshot, installation, uri));
};

/** A URI beside a reference is a path on it. */
const besideRef = ({ uri }: SinkSpec): Problem => {
  const resolved = uri === undefined ? null : URL.parse(uri, "http://function/");
  return resolved === null ? undefined : wrongPath(resolved);
};

const isFunction = ({ ref }: SinkSpec, { fn }: Installation): boolean =>
  ref?.kind === fn.object.kind && ref?.name === fn.object.metadata.name && ref.apiVersion === fn.object.apiVersion;

/** From a Broker to the function. */
const triggersOf = ({ own }: Snapshot, installation: Installation, broker: string): readonly KubeObject[] =>
  own.triggers.filter((trigger) => {
    const { broker: from, subscriber = {} } = triggerSpecOf(trigger);
    return from === broker && isFunction(subscriber, installation);
  });

const triggerProblem = (trigger: KubeObject): Problem => {
  const reason = unreadiness(trigger);
  if (reason !== undefined) return `${nameOf(trigger)} is not Ready: ${reason}`;
  const { subscriber = {}, filter, filters } = triggerSpecOf(trigger);
  const barred = passing(trigger) === "nothing";
  return barred
    ? `${nameOf(trigger)} lets nothing through that the sources send: ${JSON.stringify(filters ?? filter)}`
    : besideRef(subscriber);
};

const toBroker = (snapshot: Snapshot, installation: Installation, broker: string): Problem => {
  const problems = triggersOf(snapshot, installation, broker).map(triggerProblem);
  if (problems.length === 0) return `no Trigger leads from Broker ${broker} to the function`;
  return problems.includes(undefined) ? undefined : problems[0];
};

const toRef = (snapshot: Snapshot, installation: Installation, ref: SinkSpec["ref"]): Problem => {
  const { apiVersion = "", kind = "", name = "", namespace = snapshot.namespace } = ref ?? {};
  if (kind === "Broker") return toBroker(snapshot, installation, name);
  return apiVersion === "v1" && kind === "Service"
    ? toUri(snapshot, installation, `http://${name}.${namespace}`)
    : `${kind} ${namespace}/${name}`;
};

const problemOf = (snapshot: Snapshot, installation: Installation, sink: SinkSpec): Problem => {
  if (isFunction(sink, installation)) return besideRef(sink);
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

/** Of Brokers in use: whether what their Triggers ask for is what we need is not decided here. */
const filtered = (snapshot: Snapshot, installation: Installation): readonly Finding[] => {
  const brokers = new Set(
    sendersOf(snapshot, installation).flatMap(({ sink }) => (sink.ref?.kind === "Broker" ? (sink.ref.name ?? "") : [])),
  );
  return [...brokers].flatMap((broker) => {
    const triggers = triggersOf(snapshot, installation, broker);
    if (triggers.some((trigger) => passing(trigger) === "everything")) return [];
    return triggers
      .filter((trigger) => passing(trigger) === "unknown")
      .map((trigger) => {
        const { filter, filters } = triggerSpecOf(trigger);
        return unknown({
          object: nameOf(trigger),
          field: filters === undefined ? "spec.filter" : "spec.filters",
          got: `${JSON.stringify(filters ?? filter)}: which events pass is not looked at`,
          accepted: "no filter: the sources send nothing but what the function takes",
          remedy: "See for yourself that every event of the sources passes, or take the filter away.",
        });
      });
  });
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
  reads: [
    "apiServerSources",
    "pingSources",
    "triggers",
    "ownServices",
    "interceptorRoutes",
    "sinks",
    "PORT",
    "BELLWETHER_FUNCTION_URL",
  ],
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
      ...(own.apiServerSources.length === 0 ? [absent(namespace, "ApiServerSource", installation)] : []),
      ...(own.pingSources.length === 0 ? [absent(namespace, "PingSource", installation)] : []),
      ...findings,
      ...filtered(snapshot, installation),
    ];
  },
};
