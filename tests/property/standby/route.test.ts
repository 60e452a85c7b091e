/**
 * Goal: three instances that serve one Service in route mode and die between any two writes, beside controllers that lag and a stranger who
 * breaks pods, deletes and edits slices, changes the families and switches the mode off and on: our slices never lead to two pods, no epoch is
 * given to two, and when the stranger stops one instance alone comes to rest. Each seed is one interleaving, and reproduces it.
 */
import { expect, test } from "vitest";
import {
  ENDPOINT_SLICES,
  PODS,
  SERVICES,
  type KubeRequest,
  type Transport,
} from "../../../functions/kit/kube/request.ts";
import { isReadyEndpoint, viewSlice, type SliceView } from "../../../functions/standby/route/model.ts";
import { PART_LABEL, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { createRouteMode } from "../../../functions/standby/route/route.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { besides, dyingAfter, pause, randomOf, unconditional, type Random } from "../../unit/support/interleaving.ts";
import { addPod, createScene, DUAL, ROUTE, setReady, type RouteWorld } from "../../unit/standby/route-world.ts";

const ATTEMPTS = 14;
const SEEDS = 50;
const deadlineMs = 60_000;
const PODS_OF = ["db-1", "db-2", "db-3"] as const;
const V4 = "db-bellwether-ipv4";
const V6 = "db-bellwether-ipv6";

interface Judge {
  readonly violations: readonly string[];
  /** How many epochs were given. */
  readonly moves: () => number;
}

/** Where ours lead; without its label nobody takes a slice for the Service's. */
const leadsTo = (slices: Iterable<SliceView>): ReadonlySet<string | undefined> => {
  const seen = [...slices].filter(({ labels }) => labels[SERVICE_LABEL] === "db");
  const endpoints = seen.flatMap((slice) => slice.endpoints.filter(isReadyEndpoint));
  return new Set(endpoints.map(({ targetRef }) => targetRef?.uid));
};

interface Reigns {
  readonly count: () => number;
  /** What is wrong with the record's epoch, if anything. */
  readonly note: (record: SliceView & { readonly epoch: number }) => readonly string[];
}

const createReigns = (): Reigns => {
  const holders = new Map<string, string>();
  const highest = new Map<string, number>();
  return {
    count: () => holders.size,
    note: ({ uid, epoch, holder }) => {
      const reign = `${uid}/${epoch}`;
      const [before, now] = [holders.get(reign), holder?.uid ?? ""];
      const last = highest.get(uid) ?? 0;
      holders.set(reign, now);
      highest.set(uid, Math.max(epoch, last));
      return [
        ...(before === undefined || before === now ? [] : [`epoch ${reign} names ${before}, then ${now}`]),
        ...(epoch < last ? [`the epoch of ${uid} went back to ${epoch}`] : []),
      ];
    },
  };
};

/** What only we write: the stranger empties slices, and makes none lead anywhere. */
const judgeOurs = (api: MemoryApi): Judge => {
  const slices = new Map<string, SliceView>();
  const reigns = createReigns();
  const violations: string[] = [];
  api.onRevision(({ type, resource, object }) => {
    if (resource.plural !== ENDPOINT_SLICES.plural || ![V4, V6].includes(object.metadata.name)) return;
    const slice = viewSlice(object, Date.now());
    if (type === "DELETED") slices.delete(slice.name);
    else slices.set(slice.name, slice);
    const uids = leadsTo(slices.values());
    if (uids.size > 1) violations.push(`revision ${slice.resourceVersion}: two pods ${[...uids].join(", ")}`);
    const { epoch } = slice;
    const isRecord = type !== "DELETED" && slice.labels[PART_LABEL] === "record";
    if (isRecord && epoch !== undefined) violations.push(...reigns.note({ ...slice, epoch }));
  });
  return { violations, moves: reigns.count };
};

const transportOf = (world: RouteWorld, random: Random, alter: (request: KubeRequest) => KubeRequest): Transport => {
  const { api } = world;
  return async (request) => {
    await pause(random, 8);
    const response = api.handle(alter(request));
    await pause(random, 8);
    return response;
  };
};

const instance = async (world: RouteWorld, random: Random, send: Transport): Promise<void> => {
  for (let count = 0; count < ATTEMPTS; count += 1) {
    const mortal = random(3) === 0 ? dyingAfter(send, random(6)) : send;
    const { context } = world;
    // oxlint-disable-next-line no-await-in-loop
    await createRouteMode().run({ context, send: mortal }, { namespace: NAMESPACE, name: "db" });
  }
};

const meddle = (world: RouteWorld, random: Random): void => {
  const name = PODS_OF[random(PODS_OF.length)] ?? "db-1";
  const slice = random(2) === 0 ? V4 : V6;
  const onSlice = (body: Readonly<Record<string, unknown>>): void => {
    if (world.get(ENDPOINT_SLICES, slice) !== undefined) world.change(ENDPOINT_SLICES, slice, body);
  };
  const onService = (body: Readonly<Record<string, unknown>>): void => {
    world.change(SERVICES, "db", body);
  };
  const families = [["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]][random(4)];
  const deeds: readonly (() => void)[] = [
    () => setReady(world, name, true),
    () => setReady(world, name, true),
    () => setReady(world, name, false),
    () => setReady(world, name, false),
    () => {
      world.remove(PODS, name);
      addPod(world, name, { ready: random(2) === 0 });
    },
    () => world.change(PODS, name, { metadata: { labels: { app: random(2) === 0 ? "other" : "db" } } }),
    () => world.remove(ENDPOINT_SLICES, slice),
    () => onSlice({ metadata: { labels: { "kubernetes.io/service-name": null } } }),
    () => onSlice({ metadata: { annotations: { noise: String(random(1000)) } } }),
    () => onSlice({ endpoints: [] }),
    () => onService({ spec: { ipFamilies: families } }),
    () => onService({ spec: { selector: { app: "db", "bellwether.dev/routed": null } } }),
    () => onService({ metadata: { annotations: { "bellwether.dev/route": random(3) === 0 ? "off" : "slice" } } }),
    () => world.control(),
    () => world.control(),
  ];
  deeds[random(deeds.length)]?.();
};

interface Played {
  readonly world: RouteWorld;
  readonly judge: Judge;
}

const play = async (
  seed: number,
  alter: (request: KubeRequest) => KubeRequest = (request) => request,
): Promise<Played> => {
  const random = randomOf(seed);
  const world = createScene(seed % 4 === 0 ? {} : DUAL);
  const judge = judgeOurs(world.api);
  const send = transportOf(world, random, alter);
  const instances = (): Promise<unknown> => Promise.all([1, 2, 3].map(() => instance(world, random, send)));
  await besides(instances, { random, below: 50, act: () => meddle(world, random) });
  return { world, judge };
};

/** The stranger has stopped: one instance alone brings the Service to one pod, and then writes nothing. */
const comesToRest = async (world: RouteWorld, seed: string): Promise<void> => {
  world.change(SERVICES, "db", { metadata: { annotations: ROUTE } });
  for (const name of PODS_OF) world.change(PODS, name, { metadata: { labels: { app: "db" } } });
  for (const name of PODS_OF) setReady(world, name, true);
  expect(await world.settle(), seed).toMatchObject({ reason: "Routed" });
  world.forget();
  await world.run();
  const { IPv4, IPv6 } = world.reach();
  expect(new Set([...IPv4, ...IPv6]).size, seed).toBe(1);
  expect(
    world.requests.filter(({ method }) => method !== "GET"),
    seed,
  ).toEqual([]);
};

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test(
  "no interleaving makes our slices lead to two pods, or gives one epoch to two; and each comes to rest",
  async () => {
    let moves = 0;
    for (const seed of seeds) {
      // oxlint-disable-next-line no-await-in-loop
      const { world, judge } = await play(seed);
      expect(judge.violations, `seed ${seed}`).toEqual([]);
      moves += judge.moves();
      // oxlint-disable-next-line no-await-in-loop
      await comesToRest(world, `seed ${seed}`);
    }
    expect(moves).toBeGreaterThan(SEEDS * 3);
  },
  deadlineMs,
);

test(
  "the same without preconditions is caught",
  async () => {
    let caught = 0;
    for (const seed of seeds) {
      // oxlint-disable-next-line no-await-in-loop
      const { judge } = await play(seed, unconditional);
      if (judge.violations.length > 0) caught += 1;
    }
    expect(caught).toBeGreaterThan(SEEDS / 12);
  },
  deadlineMs,
);
