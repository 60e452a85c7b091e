/** What nobody tells of, so that it waits for the tick; and what cannot be told from here. */
import { source, type Case } from "./cases.ts";

const SLICES = { matchLabels: { "endpointslice.kubernetes.io/managed-by": "bellwether.dev" } };
const POD = { apiVersion: "v1", kind: "Pod" };
const SERVICE = { apiVersion: "v1", kind: "Service" };
const SET = { apiVersion: "apps/v1", kind: "StatefulSet" };
const SLICE = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", selector: SLICES };

export const ALL_KINDS: readonly object[] = [
  POD,
  SERVICE,
  SET,
  SLICE,
  { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock" },
  { apiVersion: "node-role.bb-noti.io/v1", kind: "LeaderStatusChecker" },
];

/** What an ApiServerSource streams. */
export const resources = (...list: readonly object[]): unknown => ({ spec: { resources: list } });

const OBJECTS = "ApiServerSource bellwether-objects";
const NAMESPACE = "Namespace bellwether";
const SOURCE = "Deployment bellwether/bellwether-source";
const RESOURCES = "ApiServerSource spec.resources";
const NAMESPACES = "ApiServerSource spec.namespaceSelector";
const selecting = (namespaceSelector: unknown): unknown => ({ spec: { namespaceSelector } });

export const STREAMS: readonly Case[] = [
  [
    "locks that nobody streams",
    "knative-warm",
    { "ApiServerSource bellwether-locks": resources(POD) },
    ["warning streams", NAMESPACE, RESOURCES, "nobody streams StatefulSetLock (app.anukkrit.me/v1)"],
  ],
  [
    "slices that nobody streams",
    "knative-warm",
    { [OBJECTS]: resources(POD, SERVICE, SET) },
    ["warning streams", NAMESPACE, RESOURCES, "nobody streams EndpointSlice (discovery.k8s.io/v1)"],
  ],
  [
    "Services of Knative instead of Kubernetes' own",
    "knative-warm",
    { [OBJECTS]: resources(POD, { ...SERVICE, apiVersion: "serving.knative.dev/v1" }, SET, SLICE) },
    ["warning streams", NAMESPACE, RESOURCES, "nobody streams Service (v1)"],
  ],
  [
    "pods that the source does not stream",
    "standalone",
    source({ "--resource=v1/pods": [] }),
    ["warning streams", SOURCE, "--resource", "nobody streams Pod (v1)"],
  ],
  [
    "pods of others",
    "standalone",
    source({ "--resource=v1/pods": ["--resource", "v1/pods?app=none"] }),
    [
      "warning streams",
      SOURCE,
      "--resource",
      "the selector for Pod (v1) leaves out the pods of StatefulSet data/db, and",
    ],
  ],
  [
    "pods of others, from an ApiServerSource",
    "knative-warm",
    { [OBJECTS]: resources({ ...POD, selector: { matchLabels: { app: "nobody" } } }, SERVICE, SET, SLICE) },
    ["warning streams", NAMESPACE, RESOURCES, "the selector for Pod (v1) leaves out"],
  ],
  [
    "Services that have no such label",
    "standalone",
    source({ "--resource=v1/services": ["--resource=v1/services?app,!other"] }),
    ["warning streams", SOURCE, "--resource", "leaves out Service data/store, and 1 more"],
  ],
  [
    "an ApiServerSource that hears of its own namespace only",
    "knative-warm",
    { [OBJECTS]: selecting(null) },
    ["warning streams", NAMESPACE, NAMESPACES, "EndpointSlice (discovery.k8s.io/v1) from all namespaces"],
  ],
  [
    "an ApiServerSource that hears of another namespace",
    "knative-namespaced",
    { [OBJECTS]: selecting({ matchLabels: { "kubernetes.io/metadata.name": "other" }, matchExpressions: null }) },
    ["warning streams", NAMESPACE, NAMESPACES, "EndpointSlice (discovery.k8s.io/v1) from namespace data"],
  ],
  [
    "an ApiServerSource that hears of whatever namespaces are labelled so",
    "knative-namespaced",
    { [OBJECTS]: selecting({ matchLabels: { team: "a" } }) },
    ["unknown streams", "ApiServerSource bellwether/bellwether-objects", "spec.namespaceSelector", '"team":"a"'],
  ],
  [
    "an ApiServerSource that sends what passes a filter",
    "knative-warm",
    { [OBJECTS]: { spec: { filters: [{ cesql: "true" }] } } },
    ["unknown streams", "ApiServerSource bellwether/bellwether-objects", "spec.filters", "which events pass"],
  ],
  [
    "an ApiServerSource that sends what has a certain owner",
    "knative-warm",
    { [OBJECTS]: { spec: { owner: { apiVersion: "apps/v1", kind: "StatefulSet" } } } },
    ["unknown streams", "ApiServerSource bellwether/bellwether-objects", "spec.owner", "which events pass"],
  ],
  [
    "a selector that is not read here",
    "standalone",
    source({ "--resource=v1/pods": ["--resource=v1/pods?app in (db,queue)"] }),
    ["unknown streams", SOURCE, "--resource", "app in (db,queue)"],
  ],
];
