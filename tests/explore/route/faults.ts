/** What the world around the function may do to a Service in route mode and to its pods; and what the EndpointSlice controller does. */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { MODE_ANNOTATION, MODE_VALUE } from "../../../functions/standby/labels.ts";
import { isReadyEndpoint } from "../../../functions/standby/route/model.ts";
import { TURN } from "../../../functions/standby/route/names.ts";
import { isReady } from "../handover/script.ts";
import { CURRENT } from "../outdated.ts";
import type { Turn } from "../system.ts";
import {
  aService,
  endpointsOf,
  FAMILIES,
  isMember,
  NAMESPACE,
  nextVersion,
  SERVICE_UID,
  ORIGINAL,
  serviceOf,
  theirSlice,
  type RouteFaults,
  type RouteServer,
} from "./server.ts";

export const NO_ROUTE_FAULTS: RouteFaults = {
  ready: 0,
  create: 0,
  delete: 0,
  replace: 0,
  move: 0,
  mode: 0,
  unkey: 0,
  strip: 0,
  slice: 0,
};

export interface RouteGroup {
  readonly pods: number;
  readonly faults: RouteFaults;
  readonly clockMoves: boolean;
  /** Address families of the Service: 1 or 2. */
  readonly families: number;
}

const nameOf = (slot: number): string => `db-${slot}`;

const conditionsOf = (ready: boolean): readonly unknown[] => [{ type: "Ready", status: ready ? "True" : "False" }];

/** A Ready pod that has just been made; `birth` counts those of its name from 1. */
const newPod = (slot: number, birth: number): KubeObject => ({
  metadata: {
    name: nameOf(slot),
    namespace: NAMESPACE,
    uid: birth === 1 ? nameOf(slot) : `${nameOf(slot)}'${birth}`,
    resourceVersion: CURRENT,
    labels: ORIGINAL,
  },
  status: {
    phase: "Running",
    podIPs: [{ ip: `10.1.${slot}.${birth}` }, { ip: `fd00::${slot}:${birth}` }],
    conditions: conditionsOf(true),
  },
});

/** Nothing of ours is there yet; the controller has followed. `isThere` says by ordinal which of its pods exist. */
export const createRouteServer = (
  { pods: count, faults, clockMoves, families }: RouteGroup,
  isThere: (slot: number) => boolean = () => true,
): RouteServer => {
  const pods = Array.from({ length: count }, (_, slot) => (isThere(slot) ? newPod(slot, 1) : undefined));
  const sight = { selector: ORIGINAL, labels: {}, pods };
  return {
    service: aService(families),
    ours: FAMILIES.slice(0, families).map(() => undefined),
    theirs: FAMILIES.slice(0, families).map((_, family) => theirSlice(sight, family)),
    sliceBirths: 0,
    pods,
    births: pods.map((pod) => (pod === undefined ? 0 : 1)),
    sight,
    clock: { second: 0, moves: clockMoves },
    left: faults,
    past: { ended: false, failed: false, robbed: false, assigned: undefined },
  };
};

type Spent = Pick<RouteServer, "left" | "clock">;

const afterFault = ({ left, clock }: RouteServer, kind: keyof RouteFaults): Spent => ({
  left: { ...left, [kind]: left[kind] - 1 },
  clock: clock.moves ? { ...clock, second: clock.second + 1 } : clock,
});

/** Instances hold no version of a pod: none grows old. */
const withPod = (
  server: RouteServer,
  slot: number,
  { kind, pod, says, isNew }: { kind: keyof RouteFaults; pod: KubeObject | undefined; says: string; isNew?: true },
): readonly Turn<RouteServer>[] => {
  if (server.left[kind] === 0) return [];
  const births = isNew === true ? server.births.with(slot, (server.births[slot] ?? 0) + 1) : server.births;
  const next = { ...server, pods: server.pods.with(slot, pod), births, ...afterFault(server, kind) };
  return [{ server: next, touched: undefined, text: () => says }];
};

const onPod = (server: RouteServer, slot: number, pod: KubeObject): readonly Turn<RouteServer>[] => {
  const { uid } = pod.metadata;
  const [ready, member] = [isReady(pod), isMember(pod)];
  const toggled = { ...pod, status: { ...(pod.status as object), conditions: conditionsOf(!ready) } };
  const moved = { ...pod, metadata: { ...pod.metadata, labels: member ? {} : ORIGINAL } };
  const next = newPod(slot, (server.births[slot] ?? 0) + 1);
  return [
    ...withPod(server, slot, {
      kind: "ready",
      pod: toggled,
      says: `${uid} ${ready ? "stops being" : "becomes"} Ready`,
    }),
    ...withPod(server, slot, {
      kind: "move",
      pod: moved,
      says: `${uid} ${member ? "leaves" : "returns to"} the selector`,
    }),
    ...withPod(server, slot, { kind: "delete", pod: undefined, says: `${uid} is deleted` }),
    ...withPod(server, slot, {
      kind: "replace",
      pod: next,
      isNew: true,
      says: `${uid} is replaced by ${next.metadata.uid}`,
    }),
  ];
};

const onFreeName = (server: RouteServer, slot: number): readonly Turn<RouteServer>[] => {
  const pod = newPod(slot, (server.births[slot] ?? 0) + 1);
  return withPod(server, slot, { kind: "create", pod, isNew: true, says: `${pod.metadata.uid} is created` });
};

const edited = (
  server: RouteServer,
  kind: "mode" | "unkey" | "strip",
  { service, says }: { readonly service: KubeObject; readonly says: string },
): readonly Turn<RouteServer>[] =>
  server.left[kind] === 0
    ? []
    : [
        {
          server: { ...server, service: nextVersion(service), ...afterFault(server, kind) },
          touched: SERVICE_UID,
          text: () => says,
        },
      ];

const onService = (server: RouteServer): readonly Turn<RouteServer>[] => {
  const { service } = server;
  const { metadata, spec } = service;
  const { [MODE_ANNOTATION]: mode, ...others } = metadata.annotations ?? {};
  const annotations = mode === undefined ? { ...others, [MODE_ANNOTATION]: MODE_VALUE } : others;
  const { [TURN]: turn, ...labels } = metadata.labels ?? {};
  const isApplied = isDeepStrictEqual(serviceOf(server).selector, ORIGINAL);
  return [
    ...edited(server, "mode", {
      service: { ...service, metadata: { ...metadata, annotations } },
      says: `the annotation is ${mode === undefined ? "put back" : "taken away"}`,
    }),
    ...(isApplied
      ? []
      : edited(server, "unkey", {
          service: { ...service, spec: { ...(spec as object), selector: ORIGINAL } },
          says: "the selector is applied without our key",
        })),
    ...(turn === undefined
      ? []
      : edited(server, "strip", {
          service: { ...service, metadata: { ...metadata, labels } },
          says: "our label is taken off the Service",
        })),
  ];
};

const onSlices = (server: RouteServer): readonly Turn<RouteServer>[] =>
  server.ours.flatMap((slice, family) =>
    slice === undefined || server.left.slice === 0
      ? []
      : [
          {
            server: {
              ...server,
              ours: server.ours.with(family, undefined),
              past: { ...server.past, robbed: true },
              ...afterFault(server, "slice"),
            },
            touched: slice.metadata.uid,
            text: () => `slice ${slice.metadata.uid} (${FAMILIES[family]}) is deleted by somebody`,
          },
        ],
  );

/** Every fault that may come next. */
export const routeFaultsOf = (server: RouteServer): readonly Turn<RouteServer>[] => [
  ...server.pods.flatMap((pod, slot) => (pod === undefined ? onFreeName(server, slot) : onPod(server, slot, pod))),
  ...onService(server),
  ...onSlices(server),
];

const labelsOf = ({ metadata }: KubeObject): Readonly<Record<string, string>> => metadata.labels ?? {};

const writesOf = (server: RouteServer): readonly Turn<RouteServer>[] => {
  const { sight, theirs } = server;
  // A Service without a selector it leaves alone.
  if (Object.keys(sight.selector).length === 0) return [];
  return theirs.flatMap((slice, family) => {
    const next = theirSlice(sight, family);
    if (isDeepStrictEqual(slice, next)) return [];
    const names = endpointsOf(next).map((endpoint) =>
      isReadyEndpoint(endpoint) ? endpoint.targetRef?.uid : `${endpoint.targetRef?.uid} not ready`,
    );
    return [
      {
        server: { ...server, theirs: theirs.with(family, next) },
        touched: undefined,
        text: () => `the controller writes its ${FAMILIES[family]} slice: ${names.join(", ") || "nobody"}`,
      },
    ];
  });
};

/** What the EndpointSlice controller may do next. */
export const controllerTurns = (server: RouteServer): readonly Turn<RouteServer>[] => {
  const { sight, pods, service } = server;
  const { selector } = serviceOf(server);
  const labels = labelsOf(service);
  const hears = (news: Partial<RouteServer["sight"]>, of: string): Turn<RouteServer> => ({
    server: { ...server, sight: { ...sight, ...news } },
    touched: undefined,
    text: () => `the controller hears of ${of}`,
  });
  const isHeard = isDeepStrictEqual(sight.selector, selector) && isDeepStrictEqual(sight.labels, labels);
  return [
    ...writesOf(server),
    ...(isHeard ? [] : [hears({ selector, labels }, "the Service")]),
    ...(isDeepStrictEqual(sight.pods, pods) ? [] : [hears({ pods }, "the pods")]),
  ];
};
