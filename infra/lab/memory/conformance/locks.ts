/** Conformance of custom resources: schema validation, pruning, generation, the status subresource, finalizers. */
import type { Paths, Step } from "./step.ts";
import { DELETE, GET, JSON_PATCH, lock, PATCH, POST, PUT, STRATEGIC, WRONG_UID } from "./step.ts";

const creation = ({ locks }: Paths): readonly Step[] => [
  {
    name: "lock created, unknown fields and status dropped",
    request: POST(locks, {
      ...lock("k", { unknown: 1, deep: { unknown: 1 } }, { labels: { a: "b" } }),
      status: { epoch: 4 },
      more: 1,
    }),
  },
  { name: "lock without kind", request: POST(locks, { metadata: { name: "k2" }, spec: {} }) },
  { name: "lock of another version", request: POST(locks, { ...lock("k2"), apiVersion: "app.anukkrit.me/v2" }) },
  {
    name: "lock, bounds",
    request: POST(locks, lock("k2", { statefulSetName: "", leaseName: undefined, leaseDurationSeconds: 0 })),
  },
  { name: "lock, maximum", request: POST(locks, lock("k2", { leaseDurationSeconds: 3601 })) },
  {
    name: "lock, types",
    request: POST(locks, lock("k2", { statefulSetName: 5, leaseName: null, leaseDurationSeconds: 1.5, paused: "x" })),
  },
  { name: "lock, int32", request: POST(locks, lock("k2", { leaseDurationSeconds: 99_999_999_999 })) },
  { name: "lock, spec as text", request: POST(locks, { ...lock("k2"), spec: "x" }) },
  { name: "lock, spec as list", request: POST(locks, { ...lock("k2"), spec: [] }) },
  { name: "lock without spec", request: POST(locks, { ...lock("bare"), spec: undefined }) },
  { name: "lock, null spec", request: POST(locks, { ...lock("null"), spec: null }) },
  { name: "lock created twice", request: POST(locks, lock("k")) },
  { name: "lock missing", request: GET(`${locks}/missing`) },
  { name: "lock, bad content type", request: { ...POST(locks, "text"), contentType: "text/plain" } },
];

const changes = ({ locks }: Paths): readonly Step[] => [
  {
    name: "spec patch raises the generation, status ignored",
    request: PATCH(`${locks}/k`, { spec: { paused: true }, status: { epoch: 9 } }),
  },
  { name: "label patch keeps the generation", request: PATCH(`${locks}/k`, { metadata: { labels: { q: "1" } } }) },
  { name: "empty labels patch", request: PATCH(`${locks}/k`, { metadata: { labels: {} } }) },
  { name: "generation patch", request: PATCH(`${locks}/k`, { metadata: { generation: 7 } }) },
  { name: "invalid spec patch", request: PATCH(`${locks}/k`, { spec: { leaseDurationSeconds: 0 } }) },
  { name: "lock patch, wrong uid", request: PATCH(`${locks}/k`, { metadata: { uid: WRONG_UID } }) },
  { name: "lock patch, wrong label type", request: PATCH(`${locks}/k`, { metadata: { labels: { q: 1 } } }) },
  { name: "lock PUT without resourceVersion", request: PUT(`${locks}/k`, lock("k")) },
  { name: "lock PUT of a missing lock", request: PUT(`${locks}/missing`, lock("missing")) },
  {
    name: "lock PUT",
    request: (seen) => {
      const { resourceVersion } = seen.meta("label patch keeps the generation");
      return PUT(`${locks}/k`, lock("k", { leaseDurationSeconds: 20 }, { resourceVersion }));
    },
  },
  { name: "strategic patch of a lock", request: PATCH(`${locks}/k`, {}, STRATEGIC) },
];

const condition = {
  type: "Ready",
  status: "True",
  reason: "Elected",
  message: "m",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

const status = ({ locks }: Paths): readonly Step[] => [
  {
    name: "status patch ignores spec and metadata",
    request: PATCH(`${locks}/k/status`, {
      metadata: { labels: { z: "1" }, annotations: { z: "1" } },
      spec: { paused: false },
      status: { epoch: 9, writerPod: "a", conditions: [condition], unknown: 1 },
    }),
  },
  { name: "status patch that changes nothing", request: PATCH(`${locks}/k/status`, { status: { epoch: 9 } }) },
  {
    name: "status patch, invalid",
    request: PATCH(`${locks}/k/status`, {
      status: {
        epoch: "x",
        observedGeneration: 1.5,
        conditions: [
          {
            ...condition,
            type: "Rea dy",
            status: "Maybe",
            reason: "",
            lastTransitionTime: "yesterday",
            observedGeneration: -1,
          },
        ],
      },
    }),
  },
  {
    name: "status patch, required fields",
    request: PATCH(`${locks}/k/status`, { status: { conditions: [{ type: "Ready" }] } }),
  },
  {
    name: "status patch, long reason",
    request: PATCH(`${locks}/k/status`, { status: { conditions: [{ ...condition, reason: "a".repeat(1025) }] } }),
  },
  {
    name: "status patch, wrong uid",
    request: PATCH(`${locks}/k/status`, { metadata: { uid: WRONG_UID }, status: { epoch: 10 } }),
  },
  {
    name: "status patch, stale",
    request: PATCH(`${locks}/k/status`, { metadata: { resourceVersion: "1" }, status: { epoch: 11 } }),
  },
  { name: "status patch of a missing lock", request: PATCH(`${locks}/missing/status`, { status: { epoch: 11 } }) },
  {
    name: "status JSON patch",
    request: PATCH(`${locks}/k/status`, [{ op: "replace", path: "/status/epoch", value: 12 }], JSON_PATCH),
  },
  { name: "lock with status", request: GET(`${locks}/k`) },
];

const finalizers = ({ locks }: Paths): readonly Step[] => [
  {
    name: "finalizers added",
    request: PATCH(`${locks}/k`, { metadata: { finalizers: ["bellwether.dev/x", "bellwether.dev/y"] } }),
  },
  { name: "lock DELETE waits for finalizers", request: DELETE(`${locks}/k`) },
  { name: "lock DELETE again", request: DELETE(`${locks}/k`) },
  {
    name: "one more finalizer",
    request: PATCH(`${locks}/k`, { metadata: { finalizers: ["bellwether.dev/x", "bellwether.dev/new"] } }),
  },
  { name: "first finalizer removed", request: PATCH(`${locks}/k`, { metadata: { finalizers: ["bellwether.dev/y"] } }) },
  { name: "status while deleting", request: PATCH(`${locks}/k/status`, { status: { epoch: 13 } }) },
  {
    name: "second finalizer removed",
    request: PATCH(`${locks}/k`, { metadata: { finalizers: null, labels: { g: "h" } } }),
  },
  { name: "lock gone", request: GET(`${locks}/k`) },
  { name: "lock DELETE at once", request: DELETE(`${locks}/bare`, { preconditions: {} }) },
];

export const lockSteps = (paths: Paths): readonly Step[] =>
  [creation, changes, status, finalizers].flatMap((part) => part(paths));
