/**
 * Goal: three instances that serve one Service in route mode and die between any two writes, beside an EndpointSlice controller that hears of the
 * Service and of its pods as late as can be, each on its own; pods come, the mode goes off and on, and the selector is applied without our key.
 * From the mark of the present turn on the Service leads to one pod; and it always leads to somebody. Each seed reproduces its interleaving.
 */
import { expect, test } from "vitest";
import {
  ENDPOINT_SLICES,
  PODS,
  SERVICES,
  type KubeResponse,
  type Transport,
} from "../../../functions/kit/kube/request.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { isReadyEndpoint, viewRouted, viewSlice } from "../../../functions/standby/route/model.ts";
import { TURN } from "../../../functions/standby/route/names.ts";
import { ROUTED_KEY } from "../../../functions/standby/labels.ts";
import { isMade } from "../../../functions/standby/route/turn.ts";
import { createRouteMode } from "../../../functions/standby/route/route.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { besides, dyingAfter, pause, randomOf, type Random } from "../../unit/support/interleaving.ts";
import { control, itemsOf, type Seen } from "../../unit/standby/route-control.ts";
import { addPod, createScene, DUAL, setReady, type RouteWorld } from "../../unit/standby/route-world.ts";

const ATTEMPTS = 8;
const SEEDS = 80;
const PODS_MAX = 6;
const deadlineMs = 60_000;

interface Judge {
  readonly violations: readonly string[];
  /** Revisions at which the cut-over had ended. */
  readonly ended: () => number;
}

const judgeReach = ({ api }: RouteWorld): Judge => {
  const objects = new Map<string, KubeObject>();
  const violations: string[] = [];
  let ended = 0;
  for (const resource of [SERVICES, ENDPOINT_SLICES]) {
    for (const object of itemsOf(api, resource)) objects.set(object.metadata.uid, object);
  }
  api.onRevision(({ type, resource, object, resourceVersion }) => {
    if (![SERVICES.plural, ENDPOINT_SLICES.plural].includes(resource.plural)) return;
    if (type === "DELETED") objects.delete(object.metadata.uid);
    else objects.set(object.metadata.uid, object);
    const all = [...objects.values()];
    const slices = all.filter((one) => "addressType" in one).map((one) => viewSlice(one, api.now()));
    const [service] = all.filter((one) => !("addressType" in one)).map((one) => viewRouted(one, api.now()));
    if (service === undefined) return;
    const isOver =
      service.selector[ROUTED_KEY] !== undefined && slices.some((slice) => slice.exclusive && isMade(service, slice));
    if (isOver) ended += 1;
    for (const family of service.families) {
      const own = slices.filter(({ addressType }) => addressType === family);
      const uids = new Set(
        own.flatMap(({ endpoints }) => endpoints.filter(isReadyEndpoint)).map(({ targetRef }) => targetRef?.uid),
      );
      if (isOver && uids.size > 1) violations.push(`S2: revision ${resourceVersion}: ${family} leads to ${uids.size}`);
      if (uids.size === 0) violations.push(`G: revision ${resourceVersion}: ${family} leads nowhere`);
    }
  });
  return { violations, ended: () => ended };
};

type Alter = (response: KubeResponse, world: RouteWorld) => KubeResponse;

/** Every slice seems to be written for the Service as it is. */
const echoing: Alter = (response, world) => {
  const { items } = response.body as { readonly items?: readonly KubeObject[] };
  const turn = world.get(SERVICES, "db")?.metadata.labels?.[TURN];
  if (items === undefined || turn === undefined) return response;
  const echoes = items.map((item) => {
    const labels = { ...item.metadata.labels, [TURN]: turn };
    return Object.assign({}, item, { metadata: { ...item.metadata, labels } });
  });
  return { ...response, body: { ...(response.body as object), items: echoes } };
};

const instance = async (world: RouteWorld, random: Random, alter: Alter): Promise<void> => {
  const { api, context } = world;
  const send: Transport = async (request) => {
    await pause(random, 8);
    const response = alter(api.handle(request), world);
    await pause(random, 8);
    return response;
  };
  for (let count = 0; count < ATTEMPTS; count += 1) {
    const mortal = random(3) === 0 ? dyingAfter(send, random(6)) : send;
    // oxlint-disable-next-line no-await-in-loop
    await createRouteMode().run({ context, send: mortal }, { namespace: NAMESPACE, name: "db" });
  }
};

/** The controller, and a stranger. */
const othersOf = (world: RouteWorld, random: Random): (() => void) => {
  const { api } = world;
  let seen: Seen = { services: itemsOf(api, SERVICES), pods: itemsOf(api, PODS) };
  let pods = seen.pods.length;
  const hearOfService = (): void => {
    seen = { ...seen, services: itemsOf(api, SERVICES) };
  };
  const hearOfPods = (): void => {
    seen = { ...seen, pods: itemsOf(api, PODS) };
  };
  const write = (): void => control(api, world, seen);
  const mode = (): void => {
    const value = random(2) === 0 ? null : "slice";
    world.change(SERVICES, "db", { metadata: { annotations: { "bellwether.dev/route": value } } });
    const isAsked = value === null ? null : "active-standby";
    world.change(SERVICES, "db", { metadata: { annotations: { "qoqo.dev/service-mode": isAsked } } });
  };
  const unkey = (): void => {
    world.change(SERVICES, "db", { spec: { selector: { app: "db", "bellwether.dev/routed": null } } });
  };
  const birth = (): void => {
    if (pods === PODS_MAX) return;
    pods += 1;
    addPod(world, `db-${pods}`, { ready: false });
    setReady(world, `db-${pods}`, true);
  };
  const deeds = [hearOfService, hearOfService, hearOfPods, write, write, write, mode, unkey, birth];
  return () => deeds[random(deeds.length)]?.();
};

const play = async (seed: number, alter: Alter = (response) => response): Promise<Judge> => {
  const random = randomOf(seed);
  const world = createScene(seed % 2 === 0 ? {} : DUAL);
  const judge = judgeReach(world);
  const instances = (): Promise<unknown> => Promise.all([1, 2, 3].map(() => instance(world, random, alter)));
  await besides(instances, { random, below: 40, act: othersOf(world, random) });
  return judge;
};

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test(
  "no controller is so late that a Service leads past its active pod once the cut-over has ended, or leads nowhere",
  async () => {
    let ended = 0;
    for (const seed of seeds) {
      // oxlint-disable-next-line no-await-in-loop
      const judge = await play(seed);
      expect(judge.violations, `seed ${seed}`).toEqual([]);
      if (judge.ended() > 0) ended += 1;
    }
    expect(ended).toBeGreaterThan(SEEDS / 3);
  },
  deadlineMs,
);

test(
  "the same without the echo is caught: slices that are empty, or full, since before the change are taken for followed",
  async () => {
    const caught: string[] = [];
    for (const seed of seeds) {
      // oxlint-disable-next-line no-await-in-loop
      const { violations } = await play(seed, echoing);
      caught.push(...violations.slice(0, 1).map((text) => text.slice(0, 2)));
    }
    expect([caught.includes("S2"), caught.includes("G:")]).toEqual([true, true]);
  },
  deadlineMs,
);
