/**
 * Conformance of watches: what a selection makes of changes, where a watch begins, deletion as watchers see it, lost
 * history.
 */
import type { Paths, WatchStep } from "./step.ts";
import { DELETE, lock, PATCH, pod, POST } from "./step.ts";

export const watchSteps = ({ pods, locks }: Paths): readonly WatchStep[] => [
  {
    name: "all pods, from the list",
    path: `${pods}?`,
    from: "list",
    requests: [
      POST(pods, pod("w", { labels: { app: "w" } })),
      PATCH(`${pods}/w`, { metadata: { labels: { role: "x" } } }),
      PATCH(`${pods}/w`, { metadata: { labels: { role: "x" } } }),
      POST(`${pods}/w/binding`, { metadata: { name: "w" }, target: { kind: "Node", name: "node-1" } }),
      DELETE(`${pods}/w`),
      DELETE(`${pods}/w`, { gracePeriodSeconds: 0 }),
      POST(pods, pod("w-unbound", { finalizers: ["x.y/z"] })),
      DELETE(`${pods}/w-unbound`),
      PATCH(`${pods}/w-unbound`, { metadata: { finalizers: null } }),
      POST(pods, pod("end-1")),
    ],
    until: "end-1",
  },
  {
    name: "objects that enter and leave a selection",
    path: `${pods}?labelSelector=watched%3Dyes`,
    from: "list",
    requests: [
      POST(pods, pod("v")),
      PATCH(`${pods}/v`, { metadata: { labels: { watched: "yes" } } }),
      PATCH(`${pods}/v`, { metadata: { labels: { other: "1" } } }),
      PATCH(`${pods}/v`, { metadata: { labels: { watched: "no" } } }),
      PATCH(`${pods}/v`, { metadata: { labels: { watched: "yes" } } }),
      DELETE(`${pods}/v`),
      POST(pods, pod("end-2", { labels: { watched: "yes" } })),
    ],
    until: "end-2",
  },
  {
    name: "without a resourceVersion",
    path: `${pods}?allowWatchBookmarks=true&labelSelector=watched%3Dyes`,
    from: "nothing",
    requests: [POST(pods, pod("end-3", { labels: { watched: "yes" } }))],
    until: "end-3",
  },
  {
    name: "one object by its name",
    path: `${pods}?fieldSelector=metadata.name%3Dend-4`,
    from: "list",
    requests: [POST(pods, pod("u")), POST(pods, pod("end-4"))],
    until: "end-4",
  },
  {
    name: "locks",
    path: `${locks}?`,
    from: "list",
    requests: [
      POST(locks, lock("w", {}, { finalizers: ["x.y/z"] })),
      PATCH(`${locks}/w/status`, { status: { epoch: 1 } }),
      DELETE(`${locks}/w`),
      PATCH(`${locks}/w`, { metadata: { finalizers: null } }),
      POST(locks, lock("end-5")),
      DELETE(`${locks}/end-5`),
    ],
    until: "end-5",
  },
  { name: "history that is gone", path: `${locks}?`, from: "1", requests: [], until: undefined },
];
