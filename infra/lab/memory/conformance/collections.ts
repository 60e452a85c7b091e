/** Conformance of lists, selectors and pages, of the kinds around pods, and of a namespace that ends. */
import type { Paths, Step } from "./step.ts";
import { DELETE, GET, lock, PATCH, pod, POST, WRONG_UID } from "./step.ts";

const SELECTORS: readonly string[] = [
  "app=x",
  "app==x",
  "app!=x",
  "app in (x,y)",
  "app notin (x)",
  "role",
  "!role",
  "app=x,!role",
  "app=x,role in (w,r)",
  " app = x , role = w ",
  "app=",
  "app in (x,,y)",
  "rank>4",
  "app in (x",
  "=",
  "a b",
  "app=x y",
  "-bad=1",
  "app=-x",
  "app=x,",
  "!",
  "app=x=y",
];
const FIELDS: readonly string[] = [
  "metadata.name=a",
  "metadata.name!=a",
  "metadata.name=a,status.phase=Pending",
  "spec.nodeName=",
  "metadata.name",
  "odd=1",
];

const queried = (path: string, query: Readonly<Record<string, string>>): string =>
  `${path}?${new URLSearchParams(query).toString()}`;

const selection = ({ pods, leases, locks, maps }: Paths): readonly Step[] => [
  { name: "list: pod a", request: POST(pods, pod("a", { labels: { app: "x", role: "w", rank: "5" } })) },
  { name: "list: pod b", request: POST(pods, pod("b", { labels: { app: "x", rank: "3" } })) },
  { name: "list: pod c", request: POST(pods, pod("c", { labels: { app: "y", role: "r" } })) },
  { name: "list: pod d", request: POST(pods, pod("d")) },
  ...SELECTORS.map((labelSelector) => ({
    name: `labels "${labelSelector}"`,
    request: GET(queried(pods, { labelSelector })),
  })),
  ...FIELDS.map((fieldSelector) => ({
    name: `fields "${fieldSelector}"`,
    request: GET(queried(pods, { fieldSelector })),
  })),
  { name: "fields of Leases", request: GET(queried(leases, { fieldSelector: "odd=1" })) },
  { name: "fields of locks", request: GET(queried(locks, { fieldSelector: "odd=1" })) },
  { name: "fields of ConfigMaps", request: GET(queried(maps, { fieldSelector: "odd=1" })) },
  { name: "empty list of locks", request: GET(queried(locks, { labelSelector: "none=here" })) },
];

const pages = ({ pods }: Paths): readonly Step[] => {
  const next =
    (limit: string, step: string): Step["request"] =>
    (seen) =>
      GET(queried(pods, { limit, continue: String(seen.meta(step)["continue"]) }));
  return [
    { name: "first page", request: GET(queried(pods, { limit: "2" })) },
    { name: "pod between the pages", request: POST(pods, pod("c2")) },
    { name: "pod gone between the pages", request: DELETE(`${pods}/d`) },
    { name: "second page shows the moment of the first", request: next("1", "first page") },
    { name: "last page", request: next("10", "second page shows the moment of the first") },
    { name: "first page of a selection", request: GET(queried(pods, { limit: "1", labelSelector: "app=x" })) },
    { name: "only match of a selection", request: GET(queried(pods, { limit: "1", labelSelector: "app=y" })) },
    { name: "page with resourceVersion 0", request: GET(queried(pods, { limit: "1", resourceVersion: "0" })) },
    { name: "bad continue", request: GET(queried(pods, { continue: "abc" })) },
    { name: "bad limit", request: GET(queried(pods, { limit: "x" })) },
    { name: "list from the future", request: GET(queried(pods, { resourceVersion: "999999999" })) },
  ];
};

const template = { metadata: { labels: { app: "s" } }, spec: { containers: [{ name: "main", image: "image" }] } };
const set = { serviceName: "s", replicas: 0, selector: { matchLabels: { app: "s" } }, template };
/** The controller of a real cluster writes the status meanwhile. */
const CONTROLLED = ["status", "metadata.resourceVersion"] as const;

const sets = (paths: Paths): readonly Step[] => [
  { name: "StatefulSet created", request: POST(paths.sets, { metadata: { name: "s" }, spec: set }) },
  {
    name: "StatefulSet with an unknown field",
    request: PATCH(`${paths.sets}/s`, { spec: { unknown: 1 } }),
    ignore: CONTROLLED,
  },
  { name: "StatefulSet empty", request: POST(paths.sets, { metadata: { name: "t" } }) },
  {
    name: "StatefulSet invalid",
    request: POST(paths.sets, {
      metadata: { name: "t" },
      spec: { ...set, replicas: -2, selector: { matchLabels: { app: "t" } } },
    }),
  },
  {
    name: "StatefulSet label",
    request: PATCH(`${paths.sets}/s`, { metadata: { labels: { l: "1" } } }),
    ignore: CONTROLLED,
  },
  {
    name: "StatefulSet partition",
    request: PATCH(`${paths.sets}/s`, { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } } }),
    ignore: CONTROLLED,
  },
  {
    name: "StatefulSet selector",
    request: PATCH(`${paths.sets}/s`, { spec: { selector: { matchLabels: { app: "q" } } } }),
  },
  { name: "StatefulSet service name", request: PATCH(`${paths.sets}/s`, { spec: { serviceName: "q" } }) },
  {
    name: "StatefulSet status",
    request: PATCH(`${paths.sets}/s/status`, { spec: { replicas: 9 }, status: { replicas: 0 } }),
    ignore: CONTROLLED,
  },
  { name: "StatefulSet DELETE", request: DELETE(`${paths.sets}/s`) },
  {
    name: "StatefulSet for Orphan",
    request: POST(paths.sets, { metadata: { name: "o", finalizers: ["x.y/z"] }, spec: set }),
  },
  {
    name: "StatefulSet DELETE with Orphan",
    request: DELETE(`${paths.sets}/o`, { propagationPolicy: "Orphan" }),
    ignore: CONTROLLED,
  },
];

const probed = {
  metadata: { name: "probed" },
  spec: { containers: [{ name: "main", image: "image", readinessProbe: { httpGet: { path: "/", port: 80 } } }] },
};

const others = ({ pods, maps, services, slices }: Paths): readonly Step[] => [
  {
    name: "ConfigMap created",
    request: POST(maps, { metadata: { name: "m", labels: {}, finalizers: [] }, data: { a: "b" } }),
  },
  { name: "ConfigMap patched", request: PATCH(`${maps}/m`, { data: { a: "c", z: null } }) },
  { name: "ConfigMap with a number", request: PATCH(`${maps}/m`, { data: { a: 1 } }) },
  {
    name: "ConfigMap with a bad owner",
    request: POST(maps, { metadata: { name: "n", ownerReferences: [{ kind: "X" }] } }),
  },
  {
    name: "apply patch",
    request: PATCH(
      `${maps}/none?fieldManager=me`,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "none", uid: WRONG_UID } },
      "application/apply-patch+yaml",
    ),
  },
  { name: "DELETE of a collection", request: DELETE(`${maps}?labelSelector=none%3Dhere`) },
  { name: "pod with a probe", request: POST(pods, probed) },
  { name: "ConfigMap DELETE", request: DELETE(`${maps}/m`) },
  {
    name: "Service created",
    request: POST(services, {
      metadata: { name: "s" },
      spec: { selector: { app: "s" }, ports: [{ name: "h", port: 80 }] },
    }),
  },
  {
    name: "Service headless",
    request: POST(services, {
      metadata: { name: "h" },
      spec: { clusterIP: "None", selector: { app: "s" }, ports: [{ port: 80 }] },
    }),
  },
  { name: "Service without ports", request: POST(services, { metadata: { name: "p" } }) },
  { name: "Service selector", request: PATCH(`${services}/s`, { spec: { selector: { role: "w" } } }) },
  { name: "Service DELETE", request: DELETE(`${services}/s`) },
  {
    name: "EndpointSlice created",
    request: POST(slices, {
      metadata: { name: "e" },
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }],
      ports: [{ name: "h", port: 80 }],
    }),
  },
  { name: "EndpointSlice without type", request: POST(slices, { metadata: { name: "f" } }) },
  {
    name: "EndpointSlice of an unknown type",
    request: POST(slices, { metadata: { name: "f" }, addressType: "X", endpoints: [] }),
  },
  { name: "EndpointSlice patched", request: PATCH(`${slices}/e`, { endpoints: [{ addresses: ["10.0.0.2"] }] }) },
  { name: "EndpointSlice label", request: PATCH(`${slices}/e`, { metadata: { labels: { a: "b" } } }) },
  { name: "EndpointSlice annotation", request: PATCH(`${slices}/e`, { metadata: { annotations: { a: "b" } } }) },
  { name: "EndpointSlice other type", request: PATCH(`${slices}/e`, { addressType: "IPv6" }) },
  { name: "EndpointSlice emptied", request: PATCH(`${slices}/e`, { endpoints: null }) },
  { name: "EndpointSlice DELETE", request: DELETE(`${slices}/e`) },
  { name: "Node missing", request: GET("/api/v1/nodes/missing") },
];

const ending = ({ namespace, pods, leases, locks }: Paths): readonly Step[] => [
  {
    name: "Lease in no namespace",
    request: POST("/apis/coordination.k8s.io/v1/namespaces/nowhere/leases", { metadata: { name: "l" } }),
  },
  {
    name: "lock in no namespace",
    request: POST("/apis/app.anukkrit.me/v1/namespaces/nowhere/statefulsetlocks", lock("l")),
  },
  { name: "list in no namespace", request: GET("/apis/coordination.k8s.io/v1/namespaces/nowhere/leases") },
  { name: "namespace held by a finalizer", request: PATCH(namespace, { metadata: { finalizers: ["x.y/z"] } }) },
  { name: "lock that outlives", request: POST(locks, lock("late", {}, { finalizers: ["x.y/z"] })) },
  { name: "namespace DELETE", request: DELETE(namespace) },
  { name: "Lease in a terminating namespace", request: POST(leases, { metadata: { name: "l" } }) },
  { name: "pod in a terminating namespace", request: POST(pods, pod("l")) },
  { name: "lock in a terminating namespace", request: POST(locks, lock("l")) },
  {
    name: "patch in a terminating namespace",
    request: PATCH(`${locks}/late`, { metadata: { labels: { a: "b" } } }),
    ignore: [
      "metadata.resourceVersion",
      "metadata.deletionTimestamp",
      "metadata.deletionGracePeriodSeconds",
      "metadata.generation",
    ],
  },
  { name: "namespace with a bad name", request: POST("/api/v1/namespaces", { metadata: { name: "a.b" } }) },
];

export const collectionSteps = (paths: Paths): readonly Step[] =>
  [selection, pages, sets, others, ending].flatMap((part) => part(paths));
