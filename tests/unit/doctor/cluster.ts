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
import { isCrd, readManifests, type Manifest } from "../../../infra/lab/manifests.ts";
import { objectsOf, type OverlayName } from "../../integration/platform/golden/overlays.ts";
import { ROOT } from "../infra/files.ts";
import { ledObjects } from "./led.ts";

/** The server's clock. */
export const NOW: number = Date.UTC(2026, 10, 21, 12);

export type Json = Readonly<Record<string, unknown>>;

const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** A merge patch: null removes. https://www.rfc-editor.org/rfc/rfc7396 */
const merge = (target: unknown, change: unknown): unknown => {
  if (!isJson(change)) return change;
  const below = isJson(target) ? target : {};
  const merged = Object.entries(change).map(([key, value]) => [key, merge(below[key], value)]);
  const all: Json = { ...below, ...Object.fromEntries(merged) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
};

/** `Kind name`; the API group tells Knative's Services from others: `serving Service bellwether`. */
export const nameOf = ({ apiVersion = "", kind = "", metadata }: KubeObject): string =>
  `${apiVersion.startsWith("serving.") ? "serving " : ""}${kind} ${metadata.name}`;

const READY = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] };
const FUNCTION_URL = "http://bellwether.bellwether.svc.cluster.local";

const STATUS: Readonly<Record<string, unknown>> = {
  CustomResourceDefinition: { conditions: [{ type: "Established", status: "True" }] },
  Deployment: { readyReplicas: 2 },
  ApiServerSource: READY,
  PingSource: READY,
  Trigger: READY,
  ScaledObject: { conditions: [{ type: "Ready", status: "True" }] },
  Service: { ...READY, address: { url: FUNCTION_URL } },
};

const working = (object: Manifest): KubeObject => ({
  ...object,
  metadata: { uid: `${object.kind}/${object.metadata.name}`, resourceVersion: "1", generation: 1, ...object.metadata },
  status: STATUS[object.kind],
});

const platformDefinition = (name: string): KubeObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name, uid: name, resourceVersion: "1", labels: { "app.kubernetes.io/version": "1.23.0" } },
});

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
  readonly version: string;
  readonly ingressClass: string;
  /** Paths that end so are refused. */
  readonly forbidden: RegExp | undefined;
  readonly may: Access["may"];
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

const collectionAt = (objects: readonly KubeObject[], { pathname, searchParams }: URL): unknown => {
  const { group = "", namespace, plural, name } = PATH.exec(pathname)?.groups ?? {};
  const found = objects
    .filter((object) => groupOf(object) === group && pluralOf(object) === plural)
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter((object) => isSelected(object, searchParams.get("labelSelector")));
  return name === undefined ? { items: found } : (found.find(({ metadata }) => metadata.name === name) ?? NOT_FOUND);
};

const answerTo = ({ objects, version, ingressClass, forbidden }: Cluster, asked: string): unknown => {
  const url = new URL(asked, "http://server");
  if (forbidden?.test(url.pathname) === true) return FORBIDDEN;
  if (url.pathname === "/version") return { gitVersion: version };
  if (url.pathname === "/apis") return discovery(objects);
  if (url.pathname.endsWith("/config-network")) return { data: { "ingress-class": ingressClass } };
  return collectionAt(objects, url);
};

const isAnswer = (value: unknown): value is Answer => isJson(value) && "ok" in value;

const accessTo = (cluster: Cluster): Access => ({
  server: "https://server",
  get: (asked) => {
    const body = answerTo(cluster, asked);
    return Promise.resolve(isAnswer(body) ? body : { ok: true, body, at: NOW });
  },
  may: cluster.may,
});

/** Everything works. */
export const clusterWith = (overlay: OverlayName): Cluster => ({
  objects: [
    ...objectsOf(overlay)
      .filter((object) => !isCrd(object))
      .map(working),
    ...DEFINITIONS.map(working),
    ...Object.values(PLATFORM).map(platformDefinition),
    ...ADD_ON,
    ...ledObjects(NOW),
  ],
  version: "v1.36.3",
  ingressClass: "kourier.ingress.networking.knative.dev",
  forbidden: undefined,
  may: () => Promise.resolve(true),
});

/** A merge patch for each of some objects, by `nameOf`; null removes the object. @throws when there is no such object. */
export type Changes = Readonly<Record<string, unknown>>;

export const changed = (cluster: Cluster, changes: Changes): Cluster => {
  const names = new Set(cluster.objects.map(nameOf));
  const unknown = Object.keys(changes).filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Error(`the cluster has no ${unknown.join(", ")}`);
  const objects = cluster.objects.flatMap((object) => {
    const change = changes[nameOf(object)];
    if (change === undefined) return object;
    return change === null ? [] : (merge(object, change) as KubeObject);
  });
  return { ...cluster, objects };
};

export const examineCluster = async (cluster: Cluster, namespace = "bellwether"): Promise<readonly Reported[]> =>
  examine(await readSnapshot(accessTo(cluster), namespace));

/** What is wrong, or worth a look. */
export const problemsOf = async (cluster: Cluster, namespace?: string): Promise<readonly Reported[]> =>
  (await examineCluster(cluster, namespace)).filter(({ severity }) => severity !== "ok");
