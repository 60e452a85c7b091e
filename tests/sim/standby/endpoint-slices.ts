/**
 * The EndpointSlice controller of a simulation: it knows Services and pods from two watches, each in its own order and with its own delay, so
 * that of two writes the later one may reach it first. What it writes are the slices that proxies and DNS go by.
 * https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/endpointslice/reconciler.go
 */
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS, SERVICES, type Resource } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { createDriver, type Driver } from "../../../infra/lab/memory/driver.ts";
import { all } from "../hands.ts";
import { strikes, type World } from "../world.ts";

const CONTROLLER = "endpointslice-controller.k8s.io";
const SERVICE_LABEL = "kubernetes.io/service-name";
const MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by";
const HEADLESS_LABEL = "service.kubernetes.io/headless";

const stepMs = 100;
/** Of a watch, on a cluster that is well. */
const lagMs = 300;
const longLagMs = 3_000;

/** The longest that the controller may need to follow a write, several times. */
export const controllersNeedMs = ({ tally }: World): number =>
  2 * ((tally.has("idleController") ? longLagMs : lagMs) + stepMs);

interface Watch {
  /** By uid, as far as it has been told. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Takes in what has come; true: something has. */
  readonly pull: () => boolean;
}

interface News {
  readonly at: number;
  readonly object: KubeObject;
  readonly isGone: boolean;
}

const watchOf = (world: World, resource: Resource): Watch => {
  const { api, clock, random, onRestore } = world;
  const objects = new Map<string, KubeObject>();
  let waiting: News[] = [];
  let isRelisted = false;
  onRestore.push(() => {
    waiting = [];
    objects.clear();
    for (const object of all(world, resource)) objects.set(object.metadata.uid, object);
    isRelisted = true;
  });
  api.onRevision(({ type, resource: { plural }, object }) => {
    if (plural !== resource.plural) return;
    const delayMs = random.next() * (strikes(world, "idleController") ? longLagMs : lagMs);
    const at = Math.max(waiting.at(-1)?.at ?? 0, clock.monotonic() + delayMs);
    waiting.push({ at, object, isGone: type === "DELETED" });
  });
  return {
    objects,
    pull: () => {
      const come = waiting.filter(({ at }) => at <= clock.monotonic());
      waiting = waiting.slice(come.length);
      for (const { object, isGone } of come) {
        if (isGone) objects.delete(object.metadata.uid);
        else objects.set(object.metadata.uid, object);
      }
      const hasNews = come.length > 0 || isRelisted;
      isRelisted = false;
      return hasNews;
    },
  };
};

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ipFamilies?: readonly string[];
  readonly publishNotReadyAddresses?: boolean;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

interface PodStatus {
  readonly phase?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

const endpointFor = (
  { metadata, status, spec }: KubeObject,
  family: string,
  { publishNotReadyAddresses = false }: ServiceSpec,
): readonly object[] => {
  const { phase, podIPs = [], conditions = [] } = (status ?? {}) as PodStatus;
  const addresses = podIPs.map(({ ip }) => ip).filter((ip) => ip.includes(":") === (family === "IPv6"));
  if (addresses.length === 0 || phase === "Failed" || phase === "Succeeded") return [];
  const serving = conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
  const terminating = metadata.deletionTimestamp !== undefined;
  const { name, uid, namespace } = metadata;
  return [
    {
      addresses,
      conditions: { ready: publishNotReadyAddresses || (serving && !terminating), serving, terminating },
      nodeName: (spec as { nodeName?: string }).nodeName,
      targetRef: { kind: "Pod", name, namespace, uid },
    },
  ];
};

interface Slice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?: readonly object[] | null;
}

/** The Service's own labels go with its slices. */
const labelsFor = ({ metadata: { name, labels }, spec }: KubeObject): Readonly<Record<string, string>> => ({
  ...labels,
  ...((spec as ServiceSpec).clusterIP === "None" ? { [HEADLESS_LABEL]: "" } : {}),
  [SERVICE_LABEL]: name,
  [MANAGER_LABEL]: CONTROLLER,
});

/** As a merge patch of labels: what is gone is taken off. */
const relabelling = (
  { metadata }: Slice,
  labels: Readonly<Record<string, string>>,
): Readonly<Record<string, string | null>> =>
  Object.fromEntries(Object.keys({ ...metadata.labels, ...labels }).map((key) => [key, labels[key] ?? null]));

const writeFamily = (
  driver: Driver,
  { service, family, endpoints }: { service: KubeObject; family: string; endpoints: readonly object[] },
  slices: readonly Slice[],
): void => {
  const labels = labelsFor(service);
  const slice = slices.find(({ addressType }) => addressType === family);
  if (slice !== undefined) {
    if (!isDeepStrictEqual([slice.endpoints ?? [], slice.metadata.labels], [endpoints, labels])) {
      driver.patch(ENDPOINT_SLICES, slice, { metadata: { labels: relabelling(slice, labels) }, endpoints });
    }
    return;
  }
  const { name, uid, namespace = "" } = service.metadata;
  const { ports = [] } = service.spec as ServiceSpec;
  driver.create(ENDPOINT_SLICES, namespace, {
    metadata: {
      generateName: `${name}-`,
      labels,
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name, uid, controller: true }],
    },
    addressType: family,
    endpoints,
    ports: ports.map(({ name: port = "", port: number, protocol = "TCP" }) => ({ name: port, port: number, protocol })),
  });
};

/** A Service without a selector keeps the slices that it has. */
const sync = (driver: Driver, service: KubeObject, pods: readonly KubeObject[]): void => {
  const spec = (service.spec ?? {}) as ServiceSpec;
  const { selector = {}, ipFamilies = ["IPv4"] } = spec;
  if (Object.keys(selector).length === 0 || service.metadata.deletionTimestamp !== undefined) return;
  const slices = driver
    .list(ENDPOINT_SLICES)
    .filter(({ metadata }) => metadata.labels?.[MANAGER_LABEL] === CONTROLLER)
    .filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === service.metadata.uid) as readonly Slice[];
  const selected = pods.filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels));
  for (const family of ipFamilies) {
    const endpoints = selected.flatMap((pod) => endpointFor(pod, family, spec));
    writeFamily(driver, { service, family, endpoints: JSON.parse(JSON.stringify(endpoints)) as object[] }, slices);
  }
  for (const slice of slices.filter(({ addressType = "" }) => !ipFamilies.includes(addressType))) {
    driver.remove(ENDPOINT_SLICES, slice);
  }
};

/** Until the signal. */
export const runEndpointSlices = async (world: World, signal: AbortSignal): Promise<void> => {
  const driver = createDriver(world.api, "kube-controller-manager");
  const [services, pods] = [watchOf(world, SERVICES), watchOf(world, PODS)];
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(world.random.next() * stepMs);
    const hasNews = [services.pull(), pods.pull()].includes(true);
    if (!hasNews) continue;
    for (const service of services.objects.values()) {
      const isThere = all(world, SERVICES).some(({ metadata }) => metadata.uid === service.metadata.uid);
      if (isThere) sync(driver, service, [...pods.objects.values()]);
    }
  }
};
