/** Whether the NetworkPolicies that concern our pods let in whoever brings events, and let out what these pods have to ask. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { selects } from "../../../functions/kit/selector.ts";
import type { Check } from "../check.ts";
import { error, unknown, warning, type Finding } from "../finding.ts";
import type { Installation, Workload } from "../installation.ts";
import { admits, policiesOf, rulesOf, type Connection, type Direction, type Pods, type Port } from "../policies.ts";
import { externalNameOf, serviceOfHost } from "../sinks.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";

/** A connection without which nothing works, at the end of it that is ours. */
interface Needed extends Connection {
  readonly pods: Workload;
  /** The other end, in messages. */
  readonly place: string;
  readonly without: string;
  /** Its place or its port is for somebody else to choose: what is usual, and to be said to whoever chose otherwise. */
  readonly usual?: string;
}

/** Of its pods, where requests from inside the cluster come through. https://knative.dev/docs/install/ */
const INGRESS_NAMESPACES: Readonly<Record<string, string>> = {
  "istio.ingress.networking.knative.dev": "istio-system",
  "kourier.ingress.networking.knative.dev": "kourier-system",
  "contour.ingress.networking.knative.dev": "contour-internal",
};

const NO_EVENTS = "events do not reach the function";

const QUEUE_PROXY: Port = { protocol: "TCP", number: 8012, name: "queue-port" };
const FUNCTION_PORT: Port = { protocol: "TCP", number: 8080, name: "http" };
const SCALER_PORT: Port = { protocol: "TCP", number: 9090, name: "grpc" };
/** Of the servers themselves: policies are applied behind their Services. */
const API_SERVER: readonly Port[] = [443, 6443].map((number) => ({ protocol: "TCP", number }));
/** The usual one, OpenShift's and Gardener's. */
const DNS: readonly Port[] = [53, 5353, 8053].map((number) => ({ protocol: "UDP", number }));

const numbers = (ports: readonly Port[]): string => ports.map(({ number }) => number).join(" or ");

const podsText = ({ namespace, labels }: Pods): string =>
  `namespace ${namespace}${labels === undefined ? "" : ` pods ${JSON.stringify(labels)}`}`;

const letIn = (pods: Workload, party: Pods, port: Port): Needed => ({
  direction: "ingress",
  party,
  ports: [port],
  pods,
  place: `from ${podsText(party)} to port ${port.number}`,
  without: NO_EVENTS,
});

/** From one part of ours to the function: out of the one, and into the other. */
const toFunction = (from: Workload, fn: Workload, namespace: string): readonly Needed[] => {
  const party = { namespace, labels: fn.labels };
  const place = `to ${podsText(party)} on port ${FUNCTION_PORT.number}`;
  return [
    letIn(fn, { namespace, labels: from.labels }, FUNCTION_PORT),
    { direction: "egress", party, ports: [FUNCTION_PORT], pods: from, place, without: NO_EVENTS },
  ];
};

const toApiServer = (pods: Workload): Needed => ({
  direction: "egress",
  party: "server",
  ports: API_SERVER,
  pods,
  place: `to the API server, which is no pod, on TCP port ${numbers(API_SERVER)}`,
  without: "nothing is read, and nothing written",
  usual: "where the API server itself listens on another port, see that the policy names it",
});

const toDns = (pods: Workload): Needed => ({
  direction: "egress",
  party: "anything",
  ports: DNS,
  pods,
  place: `to DNS on UDP port ${numbers(DNS)}`,
  without: "the function's Service is not found by its name",
  usual: "where the cluster's DNS listens on another port, see that the policy names it",
});

/** KEDA's own namespace is for its installer to choose. */
const fromKeda = (scaler: Workload): Needed => ({
  ...letIn(scaler, { namespace: "keda", labels: undefined }, SCALER_PORT),
  without: "nobody is told that there is work, and the function is not started",
  usual: "where KEDA runs in another namespace, see that the policy names it",
});

const interceptorNamespace = ({ own, namespace }: Snapshot): string | undefined => {
  const [bridge] = own.ownServices.flatMap((service) => externalNameOf(service) ?? []);
  return bridge === undefined ? undefined : serviceOfHost(bridge, namespace).namespace;
};

const bringers = (snapshot: Snapshot, { form, fn, source, scaler }: Installation): readonly Needed[] => {
  const { namespace, ingressClass } = snapshot;
  if (form === "standalone")
    return source === undefined ? [] : [...toFunction(source, fn, namespace), toApiServer(source), toDns(source)];
  if (form === "keda/push") {
    if (scaler === undefined) return [];
    return [...toFunction(scaler, fn, namespace), fromKeda(scaler), toApiServer(scaler), toDns(scaler)];
  }
  if (form === "keda/http") {
    const of = interceptorNamespace(snapshot);
    return of === undefined ? [] : [letIn(fn, { namespace: of, labels: undefined }, FUNCTION_PORT)];
  }
  const ingress = INGRESS_NAMESPACES[ingressClass ?? ""];
  return ["knative-serving", ...(ingress === undefined ? [] : [ingress])].map((of) =>
    letIn(fn, { namespace: of, labels: undefined }, QUEUE_PROXY),
  );
};

const WORD: Readonly<Record<Direction, string>> = { ingress: "lets nobody in", egress: "lets nothing out" };

const findingsOf = ({ own }: Snapshot, needed: Needed): readonly Finding[] => {
  const { direction, pods, place, without, usual } = needed;
  const policies = policiesOf(own.networkPolicies, pods.labels, direction);
  const [policy] = policies;
  if (policy === undefined || policies.some((one) => admits(one, needed))) return [];
  const isGuess = usual !== undefined && policies.some((one) => rulesOf(one, direction).length > 0);
  const { namespace = "", name } = policy.metadata;
  const edit = `kubectl -n ${namespace} edit networkpolicy ${name}, or apply the form again (docs/install.md, Network policies)`;
  return [
    (isGuess ? unknown : error)({
      object: policies.map(nameOf).join(", "),
      field: `spec.${direction}`,
      got: `${WORD[direction]} ${place}: ${without}`,
      accepted: `for pods ${JSON.stringify(pods.labels)} a rule ${place}`,
      remedy: isGuess ? `${edit}; ${usual}` : edit,
    }),
  ];
};

/** Where Serving's ingress runs is for its installer to choose. */
const unknownIngress = ({ ingressClass = "" }: Snapshot, [policy]: readonly KubeObject[]): readonly Finding[] =>
  ingressClass in INGRESS_NAMESPACES || policy === undefined
    ? []
    : [
        warning({
          object: nameOf(policy),
          field: "spec.ingress",
          got: `the namespace of the ingress ${ingressClass === "" ? "(config-network of Serving cannot be read)" : ingressClass} is not known here`,
          accepted: Object.keys(INGRESS_NAMESPACES).join(", "),
          remedy: "Look whether the policy names the namespace in which your ingress runs.",
        }),
      ];

const OURS = { matchLabels: { "app.kubernetes.io/name": "bellwether" } };

/** Our policies, and labels of the function's pods that none of them selects. */
const unselected = ({ own }: Snapshot, { fn }: Installation): readonly Finding[] => {
  const ours = own.networkPolicies.filter(({ metadata }) => selects(OURS, metadata.labels));
  if (ours.length === 0 || policiesOf(ours, fn.labels, "ingress").length > 0) return [];
  return [
    warning({
      object: nameOf(fn.object),
      field: "spec.template.metadata.labels",
      got: `${JSON.stringify(fn.labels)}, which is selected by none of ${ours.map(nameOf).join(", ")}: anybody reaches these pods`,
      accepted: "app.kubernetes.io/name: bellwether and app.kubernetes.io/component: function among them",
      remedy: "Give the pods these labels: in the Service's template, or under deploy.labels of func.yaml.",
    }),
  ];
};

export const networkPolicies: Check = {
  name: "network-policies",
  reads: ["networkPolicies", "ownServices"],
  fine: "network policies let in whoever brings events, and let out what has to be asked",
  run: (snapshot, installation) => {
    if (installation === undefined || snapshot.own.networkPolicies.length === 0) return undefined;
    const { fn, form } = installation;
    const policies = policiesOf(snapshot.own.networkPolicies, fn.labels, "ingress");
    return [
      ...unselected(snapshot, installation),
      ...[...bringers(snapshot, installation), toApiServer(fn)].flatMap((needed) => findingsOf(snapshot, needed)),
      ...(form.startsWith("knative/") ? unknownIngress(snapshot, policies) : []),
    ];
  },
};
