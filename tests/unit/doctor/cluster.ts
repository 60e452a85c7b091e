/**
 * A cluster as the doctor reads it: what an overlay applies, with the status that controllers give to what works, and something that is
 * led in each of the three ways. Tests break it in one place.
 */
import path from "node:path";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Access, Answer } from "../../../infra/doctor/access.ts";
import { examine } from "../../../infra/doctor/examine.ts";
import type { Reported } from "../../../infra/doctor/finding.ts";
import { readSnapshot } from "../../../infra/doctor/read.ts";
import { definitionName, LED, OWN, PLATFORM } from "../../../infra/doctor/resources.ts";
import { conditionOf } from "../../../infra/doctor/snapshot.ts";
import { isCrd, readManifests, type Manifest } from "../../../infra/lab/manifests.ts";
import { objectsOf, type OverlayName } from "../../integration/platform/golden/overlays.ts";
import { merge } from "../../integration/platform/support/mistake.ts";
import { ROOT } from "../infra/files.ts";
import { authorizer } from "./authorizer.ts";
import { ledObjects } from "./led.ts";

/** The server's clock. */
export const NOW: number = Date.UTC(2026, 10, 21, 12);

type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** The API group tells Knative's Services from others: `serving Service`. */
const kindOf = ({ apiVersion = "", kind = "" }: Pick<KubeObject, "apiVersion" | "kind">): string =>
  `${apiVersion.startsWith("serving.") ? "serving " : ""}${kind}`;

/** `Kind name`, as in `serving Service bellwether`. */
export const nameOf = (object: KubeObject): string => `${kindOf(object)} ${object.metadata.name}`;

const READY = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] };
const FUNCTION_URL = "http://bellwether.bellwether.svc.cluster.local";

/** What controllers write, by kind as `nameOf` has it. */
const STATUS: Readonly<Record<string, unknown>> = {
  CustomResourceDefinition: { conditions: [{ type: "Established", status: "True" }] },
  Deployment: { replicas: 2, readyReplicas: 2 },
  ApiServerSource: READY,
  PingSource: READY,
  Trigger: READY,
  ScaledObject: { conditions: [{ type: "Ready", status: "True" }] },
  "serving Service": { ...READY, address: { url: FUNCTION_URL } },
};

const working = (object: Manifest): KubeObject => {
  const { kind } = object;
  const metadata = { uid: `${kind}/${object.metadata.name}`, resourceVersion: "1", generation: 1, ...object.metadata };
  return { ...object, metadata, status: STATUS[kindOf(object)] };
};

const platformDefinition = (name: string): KubeObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name, uid: name, resourceVersion: "1", labels: { "app.kubernetes.io/version": "1.23.0" } },
  status: STATUS["CustomResourceDefinition"],
});

/** What whoever installs Serving decides. */
const CONFIG_NETWORK = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "config-network", namespace: "knative-serving", uid: "config-network", resourceVersion: "1" },
  data: { "ingress-class": "kourier.ingress.networking.knative.dev" },
};

/** As this release ships them, whether or not the golden files are of the same moment. */
const DEFINITIONS = readManifests(path.join(ROOT, "infra/crds"));

const serviceOfAddOn = (name: string, port: number): KubeObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "keda", uid: name, resourceVersion: "1" },
  spec: { ports: [{ port }] },
});

/** Where keda/http has the requests go, and whom it has KEDA ask. */
const ADD_ON: readonly KubeObject[] = [
  serviceOfAddOn("keda-add-ons-http-interceptor-proxy", 8080),
  serviceOfAddOn("keda-add-ons-http-external-scaler", 9090),
];

const PLURALS = new Map(
  [
    ...Object.values(OWN),
    ...Object.values(LED),
    { group: "apiextensions.k8s.io", kind: "CustomResourceDefinition", plural: "customresourcedefinitions" },
    { group: "", kind: "ConfigMap", plural: "configmaps" },
  ].map(({ group, kind, plural }) => [`${group}/${kind}`, plural]),
);

const groupOf = ({ apiVersion = "" }: KubeObject): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

const pluralOf = (object: KubeObject): string => PLURALS.get(`${groupOf(object)}/${object.kind ?? ""}`) ?? "";

/** `key` or `key=value`. */
const isSelected = ({ metadata }: KubeObject, selector: string | null): boolean => {
  if (selector === null) return true;
  const [key = "", value] = selector.split("=");
  const label = metadata.labels?.[key];
  return value === undefined ? label !== undefined : label === value;
};

const PATH =
  /^\/apis?\/(?:(?<group>[a-z0-9.-]+\.[a-z0-9.-]+|apps)\/)?v[a-z0-9]+(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[a-z]+)(?:\/(?<name>[^/]+))?$/;

export interface Cluster {
  readonly objects: readonly KubeObject[];
  /** Milliseconds on the server's clock. */
  readonly now: number;
  readonly version: string;
  /** Paths that end so are refused. */
  readonly forbidden: RegExp | undefined;
  /** Undefined: as the roles and bindings say. */
  readonly may: Access["may"] | undefined;
}

const FORBIDDEN: Answer = { ok: false, status: 403, message: "forbidden" };
const NOT_FOUND: Answer = { ok: false, status: 404, message: "not found" };

const BUILT_IN = new Set([
  "apps",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "networking.k8s.io",
  // Its definitions are not among those by which the platform is known.
  "eventing.knative.dev",
]);

/** The groups of kinds whose definitions are there, and built-in ones. */
const discovery = (objects: readonly KubeObject[]): unknown => {
  const definitions = new Set(objects.map(({ metadata }) => metadata.name));
  const served = [...Object.values(OWN), ...Object.values(LED)].filter(
    (resource) => definitions.has(definitionName(resource)) || BUILT_IN.has(resource.group),
  );
  return { groups: served.map(({ group, version }) => ({ versions: [{ groupVersion: `${group}/${version}` }] })) };
};

/** Its names are not all accepted: then the server lists its version all the same. */
const isPending = (objects: readonly KubeObject[], definition: string): boolean =>
  objects.some(
    (object) => object.metadata.name === definition && conditionOf(object, "Established")?.status === "False",
  );

const collectionAt = (objects: readonly KubeObject[], { pathname, searchParams }: URL): unknown => {
  const { group = "", namespace, plural, name } = PATH.exec(pathname)?.groups ?? {};
  if (isPending(objects, `${plural ?? ""}.${group}`)) return NOT_FOUND;
  const found = objects
    .filter((object) => groupOf(object) === group && pluralOf(object) === plural)
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter((object) => isSelected(object, searchParams.get("labelSelector")));
  return name === undefined ? { items: found } : (found.find(({ metadata }) => metadata.name === name) ?? NOT_FOUND);
};

const answerTo = ({ objects, version, forbidden }: Cluster, asked: string): unknown => {
  const url = new URL(asked, "http://server");
  if (forbidden?.test(url.pathname) === true) return FORBIDDEN;
  if (url.pathname === "/version") return { gitVersion: version };
  if (url.pathname === "/apis") return discovery(objects);
  return collectionAt(objects, url);
};

const isAnswer = (value: unknown): value is Answer => isJson(value) && "ok" in value;

const accessTo = (cluster: Cluster): Access => ({
  server: "https://server",
  get: (asked) => {
    const body = answerTo(cluster, asked);
    return Promise.resolve(isAnswer(body) ? body : { ok: true, body, at: cluster.now });
  },
  may: cluster.may ?? authorizer(cluster.objects),
});

/** Everything works. */
export const clusterWith = (overlay: OverlayName, now: number = NOW): Cluster => ({
  objects: [
    ...objectsOf(overlay)
      .filter((object) => !isCrd(object))
      .map(working),
    ...DEFINITIONS.map(working),
    ...Object.values(PLATFORM).map(platformDefinition),
    ...ADD_ON,
    CONFIG_NETWORK,
    ...ledObjects(now),
  ],
  now,
  version: "v1.36.3",
  forbidden: undefined,
  may: undefined,
});

/** A merge patch for each of some objects, by `nameOf`; null removes the object, and a whole one is added. */
export type Changes = Readonly<Record<string, unknown>>;

/** By the server's clock, in milliseconds, where it matters. */
export type Change = Changes | ((now: number) => Changes);

const isWhole = (value: unknown): value is KubeObject => isJson(value) && "apiVersion" in value && "metadata" in value;

export const changesAt = (now: number, change: Change): Changes =>
  typeof change === "function" ? change(now) : change;

/** @throws when an object is to be changed that is not there. */
export const changed = (cluster: Cluster, change: Change): Cluster => {
  const changes = changesAt(cluster.now, change);
  const names = new Set(cluster.objects.map(nameOf));
  const others = Object.entries(changes).filter(([name]) => !names.has(name));
  const unknown = others.filter(([, value]) => !isWhole(value));
  if (unknown.length > 0) throw new Error(`the cluster has no ${unknown.map(([name]) => name).join(", ")}`);
  const objects = cluster.objects.flatMap((object) => {
    const patch = changes[nameOf(object)];
    if (patch === undefined) return object;
    return patch === null ? [] : (merge(object, patch) as KubeObject);
  });
  return { ...cluster, objects: [...objects, ...others.flatMap(([, value]) => (isWhole(value) ? value : []))] };
};

export const examineCluster = async (cluster: Cluster, namespace = "bellwether"): Promise<readonly Reported[]> =>
  examine(await readSnapshot(accessTo(cluster), namespace));

/** What is wrong, or worth a look. */
export const problemsOf = async (cluster: Cluster, namespace?: string): Promise<readonly Reported[]> =>
  (await examineCluster(cluster, namespace)).filter(({ severity }) => severity !== "ok");
