/** Conformance of pods: creation, every way to patch, preconditions, binding, status and graceful deletion. */
import type { Paths, Step } from "./step.ts";
import { DELETE, GET, JSON_PATCH, PATCH, pod, POST, PUT, STRATEGIC, WRONG_UID } from "./step.ts";

const creation = ({ pods }: Paths): readonly Step[] => [
  { name: "pod created", request: POST(pods, pod("a", { labels: { app: "x" } })) },
  { name: "pod read", request: GET(`${pods}/a`) },
  { name: "pod created twice", request: POST(pods, pod("a")) },
  { name: "pod missing", request: GET(`${pods}/missing`) },
  { name: "pod without spec", request: POST(pods, { metadata: { name: "b" } }) },
  { name: "pod without container name", request: POST(pods, { metadata: { name: "b" }, spec: { containers: [{}] } }) },
  { name: "pod without name", request: POST(pods, { ...pod(""), metadata: {} }) },
  { name: "pod with a bad name", request: POST(pods, pod("A_")) },
  { name: "pod with bad labels", request: POST(pods, pod("b", { labels: { "a b": "x", y: "-q" } })) },
  { name: "pod of another namespace", request: POST(pods, pod("b", { namespace: "other" })) },
  { name: "pod with a resourceVersion", request: POST(pods, pod("b", { resourceVersion: "5" })) },
  { name: "pod with a generated name", request: POST(pods, pod("", { name: undefined, generateName: "made-" })) },
  { name: "pod that is a Service", request: POST(pods, { ...pod("b"), apiVersion: "v1", kind: "Service" }) },
  { name: "bad JSON", request: POST(pods, '{"metadata":') },
  { name: "bad content type", request: { ...POST(pods, "text"), contentType: "text/plain" } },
  { name: "POST of an object", request: POST(`${pods}/a`, {}) },
  { name: "PATCH of a collection", request: PATCH(pods, {}) },
  { name: "unknown resource", request: GET(pods.replace(/pods$/, "nothings")) },
  { name: "unknown subresource", request: GET(`${pods}/a/nothing`) },
];

const patches = ({ pods }: Paths): readonly Step[] => [
  { name: "merge patch", request: PATCH(`${pods}/a`, { metadata: { labels: { role: "writer" } } }) },
  {
    name: "merge patch that changes nothing",
    request: PATCH(`${pods}/a`, { metadata: { labels: { role: "writer" } } }),
  },
  {
    name: "merge patch, stale",
    request: PATCH(`${pods}/a`, { metadata: { resourceVersion: "1", labels: { role: "writer" } } }),
  },
  { name: "merge patch, bad resourceVersion", request: PATCH(`${pods}/a`, { metadata: { resourceVersion: "x" } }) },
  { name: "merge patch, wrong uid", request: PATCH(`${pods}/a`, { metadata: { uid: WRONG_UID, labels: { z: "1" } } }) },
  {
    name: "merge patch, wrong uid and stale",
    request: PATCH(`${pods}/a`, { metadata: { uid: WRONG_UID, resourceVersion: "1", labels: { z: "1" } } }),
  },
  {
    name: "merge patch, right uid and resourceVersion",
    request: (seen) => {
      const { uid, resourceVersion } = seen.meta("merge patch that changes nothing");
      return PATCH(`${pods}/a`, { metadata: { uid, resourceVersion, annotations: { "x.y/z": "1" } } });
    },
  },
  { name: "merge patch of a missing pod", request: PATCH(`${pods}/missing`, { metadata: { labels: { a: "b" } } }) },
  { name: "merge patch, bad label value", request: PATCH(`${pods}/a`, { metadata: { labels: { role: "w w" } } }) },
  { name: "merge patch, label that is a number", request: PATCH(`${pods}/a`, { metadata: { labels: { role: 5 } } }) },
  {
    name: "merge patch, bad annotation key",
    request: PATCH(`${pods}/a`, { metadata: { annotations: { "/x": "1" } } }),
  },
  { name: "merge patch, bad finalizer", request: PATCH(`${pods}/a`, { metadata: { finalizers: ["Bad"] } }) },
  { name: "merge patch, another name", request: PATCH(`${pods}/a`, { metadata: { name: "b" } }) },
  { name: "merge patch, another namespace", request: PATCH(`${pods}/a`, { metadata: { namespace: "b" } }) },
  { name: "merge patch, no creationTimestamp", request: PATCH(`${pods}/a`, { metadata: { creationTimestamp: null } }) },
  {
    name: "merge patch, deletionTimestamp",
    request: PATCH(`${pods}/a`, { metadata: { deletionTimestamp: "2020-01-01T00:00:00Z" } }),
  },
  { name: "merge patch, status through the object", request: PATCH(`${pods}/a`, { status: { phase: "Failed" } }) },
  {
    name: "merge patch, image",
    request: PATCH(`${pods}/a`, { spec: { containers: [{ name: "main", image: "image:2" }] } }),
  },
  { name: "merge patch, fixed field of the spec", request: PATCH(`${pods}/a`, { spec: { nodeName: "n" } }) },
  { name: "merge patch, bad JSON", request: PATCH(`${pods}/a`, "{") },
  { name: "patch of an unknown type", request: PATCH(`${pods}/a`, {}, "text/plain") },
  { name: "patch as plain JSON", request: PATCH(`${pods}/a`, {}, "application/json") },
  { name: "strategic merge patch", request: PATCH(`${pods}/a`, {}, STRATEGIC) },
  { name: "merge patch that removes a label", request: PATCH(`${pods}/a`, { metadata: { labels: { role: null } } }) },
];

const jsonPatches = ({ pods }: Paths): readonly Step[] => {
  const apply = (...operations: readonly unknown[]): Step["request"] => PATCH(`${pods}/a`, operations, JSON_PATCH);
  return [
    { name: "JSON patch, failed test", request: apply({ op: "test", path: "/metadata/uid", value: "x" }) },
    { name: "JSON patch, remove what is missing", request: apply({ op: "remove", path: "/metadata/labels/no" }) },
    {
      name: "JSON patch, add below what is missing",
      request: apply({ op: "add", path: "/metadata/no/x", value: "1" }),
    },
    { name: "JSON patch, unknown operation", request: apply({ op: "frob", path: "/metadata/labels/app" }) },
    { name: "JSON patch that is an object", request: PATCH(`${pods}/a`, {}, JSON_PATCH) },
    {
      name: "JSON patch, replace what is missing",
      request: apply({ op: "replace", path: "/metadata/labels/n", value: "1" }),
    },
    {
      name: "JSON patch, all operations",
      request: (seen) =>
        PATCH(
          `${pods}/a`,
          [
            { op: "test", path: "/metadata/uid", value: seen.meta("pod created")["uid"] },
            { op: "add", path: "/metadata/labels/q~1r", value: "1" },
            { op: "copy", from: "/metadata/labels/app", path: "/metadata/labels/copied" },
            { op: "move", from: "/metadata/labels/copied", path: "/metadata/labels/moved" },
            { op: "remove", path: "/metadata/labels/n" },
          ],
          JSON_PATCH,
        ),
    },
  ];
};

const puts = ({ pods }: Paths): readonly Step[] => [
  {
    name: "PUT, stale",
    request: (seen) => PUT(`${pods}/a`, { ...seen.body("pod created"), metadata: { name: "a", resourceVersion: "1" } }),
  },
  {
    name: "PUT without resourceVersion",
    request: (seen) =>
      PUT(`${pods}/a`, { ...seen.body("JSON patch, all operations"), metadata: { name: "a", labels: { app: "x" } } }),
  },
  { name: "PUT under another name", request: PUT(`${pods}/b`, pod("a")) },
  { name: "PUT of a missing pod", request: PUT(`${pods}/missing`, pod("missing")) },
  {
    name: "PUT, wrong uid",
    request: (seen) => PUT(`${pods}/a`, { ...seen.body("pod created"), metadata: { name: "a", uid: WRONG_UID } }),
  },
];

const running = ({ pods }: Paths): readonly Step[] => [
  {
    name: "status patch ignores the spec and takes labels",
    request: PATCH(`${pods}/a/status`, {
      metadata: { labels: { st: "1" } },
      spec: { nodeName: "n" },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    }),
  },
  { name: "status read", request: GET(`${pods}/a/status`) },
  { name: "binding without target", request: POST(`${pods}/a/binding`, { metadata: { name: "a" } }) },
  {
    name: "binding to no node",
    request: POST(`${pods}/a/binding`, { metadata: { name: "a" }, target: { kind: "Pod" } }),
  },
  {
    name: "binding",
    request: POST(`${pods}/a/binding`, { metadata: { name: "a" }, target: { kind: "Node", name: "node-1" } }),
  },
  { name: "bound pod", request: GET(`${pods}/a`) },
  {
    name: "binding again",
    request: POST(`${pods}/a/binding`, { metadata: { name: "a" }, target: { kind: "Node", name: "node-2" } }),
  },
  {
    name: "binding of a missing pod",
    request: POST(`${pods}/no/binding`, { metadata: { name: "no" }, target: { name: "node-1" } }),
  },
];

const deletion = ({ pods }: Paths): readonly Step[] => [
  { name: "DELETE, wrong uid", request: DELETE(`${pods}/a`, { preconditions: { uid: WRONG_UID } }) },
  { name: "DELETE, stale", request: DELETE(`${pods}/a`, { preconditions: { resourceVersion: "1" } }) },
  { name: "DELETE, unknown propagation", request: DELETE(`${pods}/a`, { propagationPolicy: "Odd" }) },
  { name: "DELETE of a bound pod", request: DELETE(`${pods}/a`) },
  { name: "DELETE with a shorter grace", request: DELETE(`${pods}/a`, { gracePeriodSeconds: 5 }) },
  { name: "DELETE with a longer grace", request: DELETE(`${pods}/a`, { gracePeriodSeconds: 50 }) },
  { name: "patch while deleting", request: PATCH(`${pods}/a`, { metadata: { labels: { late: "1" } } }) },
  { name: "finalizer added while deleting", request: PATCH(`${pods}/a`, { metadata: { finalizers: ["x.y/z"] } }) },
  { name: "DELETE without grace", request: DELETE(`${pods}/a`, { gracePeriodSeconds: 0 }) },
  { name: "deleted pod", request: GET(`${pods}/a`) },
  { name: "pod made again", request: POST(pods, pod("a")) },
  { name: "DELETE of an unbound pod", request: DELETE(`${pods}/a`) },
  { name: "DELETE of a missing pod", request: DELETE(`${pods}/a`) },
  { name: "pod with a finalizer", request: POST(pods, pod("f", { finalizers: ["x.y/z"] })) },
  {
    name: "binding of a pod with a finalizer",
    request: POST(`${pods}/f/binding`, { metadata: { name: "f" }, target: { name: "node-1" } }),
  },
  { name: "DELETE of a pod with a finalizer", request: DELETE(`${pods}/f?gracePeriodSeconds=7`) },
  { name: "DELETE of it without grace", request: DELETE(`${pods}/f`, { gracePeriodSeconds: 0 }) },
  { name: "last finalizer removed", request: PATCH(`${pods}/f`, { metadata: { finalizers: null } }) },
  { name: "pod without its finalizer", request: GET(`${pods}/f`) },
  { name: "finished pod", request: POST(pods, pod("done")) },
  {
    name: "finished pod bound",
    request: POST(`${pods}/done/binding`, { metadata: { name: "done" }, target: { name: "node-1" } }),
  },
  { name: "finished pod failed", request: PATCH(`${pods}/done/status`, { status: { phase: "Failed" } }) },
  { name: "DELETE of a finished pod", request: DELETE(`${pods}/done`) },
];

export const podSteps = (paths: Paths): readonly Step[] =>
  [creation, patches, jsonPatches, puts, running, deletion].flatMap((part) => part(paths));
