/** What tests make of a world: Services, pods, and what is read of them. */
import type { ObjectEvent } from "../../../events/types.ts";
import type { Feature } from "../../../functions/kit/feature.ts";
import type { LeaseSpec } from "../../../functions/kit/handover/model.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  apiVersionOf,
  EVENTS,
  LEASES,
  listOf,
  listRequest,
  PODS,
  SERVICES,
  type Resource,
} from "../../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE, ORIGINAL_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import type { Selector } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../support/builders.ts";
import { selectorOf } from "./routes.ts";
import { APP, createWorld, LEASE, type World } from "./world.ts";

const CONTAINERS = [{ name: "main", image: "example.test/store" }];

export const setReady = (world: World, pod: string, ready: boolean): void => {
  const conditions = [{ type: "Ready", status: ready ? "True" : "False" }];
  world.change(PODS, pod, { status: { phase: "Running", conditions } }, "status");
};

export interface PodShape {
  readonly ready?: boolean;
  readonly labels?: Selector;
  readonly annotations?: Selector;
}

/** A running pod on a node that nothing owns, so that deleting it takes its grace period. */
export const addPod = (
  world: World,
  name: string,
  { ready = true, labels = APP, annotations = {} }: PodShape = {},
): void => {
  world.create(PODS, { metadata: { name, labels, annotations }, spec: { nodeName: "node-1", containers: CONTAINERS } });
  setReady(world, name, ready);
};

export interface ServiceShape {
  readonly mode?: string | null;
  readonly selector?: Selector | null;
  readonly annotations?: Selector;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** Opted in unless `mode` says otherwise. */
export const addService = (world: World, name = "store", shape: ServiceShape = {}): void => {
  const { mode = MODE_VALUE, selector = APP, annotations = {}, spec = {} } = shape;
  world.create(SERVICES, {
    metadata: { name, annotations: { ...annotations, ...(mode === null ? {} : { [MODE_ANNOTATION]: mode }) } },
    spec: { ports: [{ port: 80 }], ...(selector === null ? {} : { selector }), ...spec },
  });
};

/** Takes a pod out of the selector of the Services, or into another one. */
export const relabel = (world: World, pod: string, app: string): void =>
  void world.change(PODS, pod, { metadata: { labels: { app } } });

/** Opts the Service `store` in or, with null, out; and five seconds later. */
export const setMode = async (world: World, mode: string | null): Promise<void> => {
  world.change(SERVICES, "store", { metadata: { annotations: { [MODE_ANNOTATION]: mode } } });
  await world.clock.advance(5_000);
};

/** A Service `store` over two Ready pods; nothing has run yet. */
export const createGroup = (): World => {
  const world = createWorld();
  for (const name of ["store-a", "store-b"]) addPod(world, name);
  addService(world);
  return world;
};

/** The same at rest under store-a, nothing on record yet; the writes are no news to the controllers any more. */
export const createGroupAtRest = async (): Promise<World> => {
  const world = createGroup();
  await world.tick();
  await world.clock.advance(5_000);
  world.forget();
  return world;
};

/** Names of the pods that carry the label. */
export const activePods = (world: World): readonly string[] =>
  listOf(
    world.api.handle(listRequest(PODS, { namespace: NAMESPACE, labelSelector: `${ROLES.roleLabel}=${ROLES.leader}` })),
  )
    .items.map(({ metadata }) => metadata.name)
    .toSorted();

/** `<selector as JSON> kept <annotation>` of a Service. */
export const routingOf = (world: World, name = "store"): { selector: Selector; kept: string | undefined } => {
  const service = world.get(SERVICES, name);
  return { selector: selectorOf(service), kept: service?.metadata.annotations?.[ORIGINAL_ANNOTATION] };
};

/** `<type> <reason>: <note>` of each Kubernetes Event about a Service. */
export const toldOf = (world: World, name = "store"): readonly string[] =>
  listOf(world.api.handle(listRequest(EVENTS, { namespace: NAMESPACE })))
    .items.map((item) => item as unknown as { type: string; reason: string; note: string; regarding: { name: string } })
    .filter(({ regarding }) => regarding.name === name)
    .map(({ type, reason, note }) => `${type} ${reason}: ${note}`);

/** Name of the pod that the record names; "": nobody; undefined: there is no record. */
export const holderOf = (world: World): string | undefined =>
  (world.get(LEASES, LEASE)?.spec as LeaseSpec | undefined)?.holderIdentity;

export const writesOf = (world: World): readonly string[] =>
  world.requests
    .filter(({ method }) => method !== "GET")
    .map(({ verb, resource, name }) => [verb, resource.plural, name].filter(Boolean).join(" "));

/** As a source tells of an object as it is now, or was. */
export const eventOf = (
  resource: Resource,
  object: KubeObject,
  change: ObjectEvent["change"] = "update",
): ObjectEvent => ({
  type: "object",
  id: "1",
  source: "test",
  change,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind,
  namespace: NAMESPACE,
  name: object.metadata.name,
  object,
});

/** The runs that the event of an object as it is now brings about. */
export const tell = (
  world: World,
  resource: Resource,
  name: string,
  feature: Feature = world.feature,
): Promise<readonly string[]> => {
  const object = world.get(resource, name);
  if (object === undefined) throw new Error(`${resource.kind} ${name} does not exist`);
  return world.drain(feature.groupsOf(eventOf(resource, object)), feature);
};
