/** An annotated Service: its selector follows one active pod, in label mode; at the end it leads to all of its pods again. */
import { viewRecord } from "../../functions/kit/handover/model.ts";
import {
  ENDPOINT_SLICES,
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  PODS as POD,
  SERVICES,
} from "../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROLES } from "../../functions/standby/labels.ts";
import { groupOf, leaseNameOf, viewService } from "../../functions/standby/model.ts";
import { isReady } from "../lab/workload.ts";
import { STANDBY_STANDARD } from "../observe/scope.ts";
import {
  createPods,
  kill,
  killInMiddle,
  NAME,
  NAMESPACE,
  PODS,
  PODS_PATH,
  scene,
  type Actors,
  type Scene,
} from "./actors.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./story.ts";

const SERVICES_PATH = `/api/v1/namespaces/${NAMESPACE}/services`;
const SERVICE_PATH = `${SERVICES_PATH}/${NAME}`;
const SELECTOR = { app: NAME };
const LEASE = leaseNameOf(groupOf(SELECTOR));

interface Endpoint {
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly name: string };
}

const activePods = async ({ transport }: Stage): Promise<readonly string[]> => {
  const labelSelector = `${ROLES.roleLabel}=${ROLES.leader}`;
  const pods = await transport.send(listRequest(POD, { namespace: NAMESPACE, labelSelector }));
  return listOf(pods).items.map(({ metadata }) => metadata.name);
};

const selectorOf = async ({ transport }: Stage): Promise<Readonly<Record<string, string>>> =>
  viewService(objectOf(await transport.send(getRequest(SERVICES, NAMESPACE, NAME)))).selector;

/** Names of the pods to which the Service leads; undefined: nobody makes EndpointSlices. */
const endpointsOf = async ({ transport, hasEndpoints }: Stage): Promise<readonly string[] | undefined> => {
  if (!hasEndpoints) return undefined;
  const labelSelector = `kubernetes.io/service-name=${NAME}`;
  const slices = await transport.send(listRequest(ENDPOINT_SLICES, { namespace: NAMESPACE, labelSelector }));
  return listOf(slices)
    .items.flatMap((slice) => (slice as unknown as { readonly endpoints?: readonly Endpoint[] | null }).endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => targetRef?.name ?? []);
};

const textOf = (selector: Readonly<Record<string, string>>, endpoints: readonly string[] | undefined): string => {
  const keys = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  const reached = endpoints === undefined ? "" : `, and leads to ${endpoints.toSorted().join(", ")}`;
  return `the selector is ${keys.toSorted().join(",")}${reached}`;
};

/** What the record says, when it names that pod. */
const epochOf = async ({ transport }: Stage, active: string): Promise<number | undefined> => {
  const lease = await transport.send(getRequest(LEASES, NAMESPACE, LEASE));
  if (lease.status !== 200) return undefined;
  const { holder, epoch } = viewRecord(objectOf(lease), Date.now());
  return holder?.name === active ? epoch : undefined;
};

/** One active pod that `is` accepts; the record names it, the selector asks for it, the Service leads to it. */
const lookFor =
  ({ stage }: Actors, is: (active: string) => boolean): Scene["look"] =>
  async () => {
    const active = (await activePods(stage)).join();
    const epoch = await epochOf(stage, active);
    if (epoch === undefined || !is(active)) return undefined;
    const selector = await selectorOf(stage);
    const endpoints = await endpointsOf(stage);
    if (selector[ROLES.roleLabel] !== ROLES.leader || (endpoints ?? [active]).join() !== active) return undefined;
    return { leader: active, text: `${active} is active, epoch ${epoch}; ${textOf(selector, endpoints)}` };
  };

/** No label, no record, and the Service leads to all pods. */
const lookForEnd =
  ({ stage }: Actors): Scene["look"] =>
  async () => {
    const lease = await stage.transport.send(getRequest(LEASES, NAMESPACE, LEASE));
    const selector = await selectorOf(stage);
    const endpoints = await endpointsOf(stage);
    const isOpen = selector[ROLES.roleLabel] === undefined && (endpoints ?? PODS).length === PODS.length;
    if (lease.status !== 404 || !isOpen || (await activePods(stage)).length > 0) return undefined;
    return { leader: "", text: `no pod is labelled, no Lease is left; ${textOf(selector, endpoints)}` };
  };

const lose = async (actors: Actors, active: string): Promise<string> => {
  const next = await scene(actors, {
    text: `${active} becomes not Ready`,
    act: () => actors.stage.setReady(NAMESPACE, active, false),
    look: lookFor(actors, (name) => name !== active),
  });
  await actors.stage.setReady(NAMESPACE, active, true);
  return next;
};

/** The Service is annotated while it is in use. */
const cutOver = async (actors: Actors): Promise<string> => {
  const { stage } = actors;
  await scene(actors, {
    text: "a StatefulSet of three pods and a Service are created",
    act: async () => {
      await createPods(actors);
      const spec = { selector: SELECTOR, ports: [{ port: 80 }] };
      await stage.change("POST", SERVICES_PATH, { metadata: { name: NAME }, spec });
    },
    look: async () => {
      const pods = await stage.transport.send(listRequest(POD, { namespace: NAMESPACE }));
      const endpoints = await endpointsOf(stage);
      const isWhole = listOf(pods).items.filter(isReady).length === PODS.length;
      if (!isWhole || (endpoints ?? PODS).length !== PODS.length) return undefined;
      return { leader: "", text: `three pods are Ready; ${textOf(SELECTOR, endpoints)}` };
    },
  });
  return scene(actors, {
    text: `the Service is annotated with ${MODE_ANNOTATION}: ${MODE_VALUE}`,
    act: () => stage.change("PATCH", SERVICE_PATH, { metadata: { annotations: { [MODE_ANNOTATION]: MODE_VALUE } } }),
    look: lookFor(actors, () => true),
  });
};

const play = async (actors: Actors): Promise<void> => {
  const { stage, start, direct } = actors;
  const first = await start();
  direct([first]);
  let active = await cutOver(actors);
  active = await lose(actors, active);
  const deleted = active;
  const fallen = await scene(actors, {
    text: `${deleted} is deleted; the StatefulSet makes a new pod of that name`,
    act: () => stage.change("DELETE", `${PODS_PATH}/${deleted}`, { gracePeriodSeconds: 0 }),
    look: lookFor(actors, (name) => name !== deleted),
  });
  await kill(first);
  const { leader, successor } = await killInMiddle(actors, {
    text: `${fallen} becomes not Ready`,
    act: () => stage.setReady(NAMESPACE, fallen, false),
    look: lookFor(actors, (name) => name !== fallen),
  });
  await stage.setReady(NAMESPACE, fallen, true);
  direct([successor, await start()]);
  actors.timeline.did("a second instance works beside it; events go to both in turn");
  active = await lose(actors, leader);
  await scene(actors, {
    text: "somebody takes the active pod's key out of the selector",
    act: () => stage.change("PATCH", SERVICE_PATH, { spec: { selector: { [ROLES.roleLabel]: null } } }),
    look: lookFor(actors, (name) => name === active),
  });
  await scene(actors, {
    text: "the annotation is removed",
    act: () => stage.change("PATCH", SERVICE_PATH, { metadata: { annotations: { [MODE_ANNOTATION]: null } } }),
    look: lookForEnd(actors),
  });
};

export const standbyStory: Story = { standard: STANDBY_STANDARD, play };
