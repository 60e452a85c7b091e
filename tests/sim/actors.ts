/** What goes on by itself around the function: the cluster's controllers, the event source, and the cron tick. */
import type { Context, Reply } from "../../functions/kit/host/server.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { PODS, STATEFUL_SETS } from "../../functions/kit/kube/request.ts";
import { createCollector } from "../../infra/lab/memory/collector.ts";
import { createStatefulSetController } from "../../infra/lab/memory/stateful-set.ts";
import { all, edit } from "./hands.ts";
import { strikes, TICK_SECONDS, type World } from "./world.ts";

const stepMs = 300;
const eventMs = 20;
const slowEventMs = 8_000;
/** As the Knative sources repeat an event: five times, each after twice the time. */
const REPEATS = 5;
const firstBackoffMs = 50;

const isOrphanOf =
  (set: KubeObject) =>
  ({ metadata }: KubeObject): boolean =>
    metadata.labels?.["app"] === set.metadata.name &&
    (metadata.ownerReferences ?? []).length === 0 &&
    metadata.deletionTimestamp === undefined;

/** The StatefulSet controller adopts matching pods that nobody controls; the memory API's does not. */
const adoptOne = (world: World): void => {
  const pods = all(world, PODS);
  for (const set of all(world, STATEFUL_SETS)) {
    const orphan = pods.find(isOrphanOf(set));
    if (orphan === undefined) continue;
    const { name, uid } = set.metadata;
    const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true };
    edit(world, PODS, orphan, { metadata: { uid: orphan.metadata.uid, ownerReferences: [owner] } });
    return;
  }
};

/** A controller that finds nothing to do finds nothing again until something has changed: the same, and much cheaper. */
export const whenChanged = ({ api, onRestore }: World, steps: readonly (() => void)[]): readonly (() => void)[] => {
  let changes = 0;
  const change = (): void => {
    changes += 1;
  };
  api.onRevision(change);
  onRestore.push(change);
  return steps.map((step) => {
    let seen = -1;
    return () => {
      if (seen === changes) return;
      seen = changes;
      step();
    };
  });
};

/** Controllers step at their own pace until the signal. */
export const runControllers = async (world: World, signal: AbortSignal): Promise<void> => {
  const { api, kubelet, random, clock } = world;
  const sets = createStatefulSetController(api);
  const collector = createCollector(api);
  const steps = [() => sets.step(), () => kubelet.step(), () => collector.step(), () => adoptOne(world)];
  const cheap = whenChanged(world, steps);
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(random.next() * stepMs);
    for (const step of cheap) if (!strikes(world, "idleController")) step();
  }
};

export const STRUCTURED = { "content-type": "application/cloudevents+json" };
const PING: Context = {
  headers: STRUCTURED,
  body: { specversion: "1.0", id: "tick", source: "sim", type: "dev.knative.sources.ping", data: {} },
};

const isExpected = (reply: Reply | undefined): boolean => reply === undefined || reply.statusCode === 503;

/** Whoever answers anything but done (204) or "again" (503) has a bug. */
const judgeReply = ({ problems }: World, what: string, reply: Reply | undefined): void => {
  if (!isExpected(reply)) problems.push(`reply: ${reply?.statusCode} ${reply?.body} to ${what}`);
};

/** Each tick reaches one instance, until the signal; 503 or not, a tick is never repeated. */
export const runCron = async (world: World, signal: AbortSignal): Promise<void> => {
  const { clock, random, instances } = world;
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(TICK_SECONDS * 1000);
    if (strikes(world, "lostTick")) continue;
    void random
      .pick(instances)
      ?.running.handle(PING)
      .then((reply) => judgeReply(world, "a tick", reply));
  }
};

/** Until an instance accepts it, or patience ends. */
export const deliver = async (world: World, event: Context): Promise<void> => {
  const { clock, random, instances } = world;
  for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
    const instance = random.pick(instances);
    // oxlint-disable-next-line no-await-in-loop
    const reply = await instance?.running.handle(event);
    judgeReply(world, "an event", reply);
    if (reply?.statusCode !== 503) return;
    // oxlint-disable-next-line no-await-in-loop
    await clock.sleep(firstBackoffMs * 2 ** repeat);
  }
};

/** Delivers up to so many of the events that were put aside, in any order. False: there was none. */
export const deliverKept = (world: World, count: number): boolean => {
  const isAny = world.kept.length > 0;
  for (let left = count; left > 0 && world.kept.length > 0; left -= 1) {
    const [event] = world.kept.splice(world.random.below(world.kept.length), 1);
    if (event !== undefined) void deliver(world, event);
  }
  return isAny;
};

const CHANGES = { ADDED: "add", MODIFIED: "update", DELETED: "delete" } as const;

/** Each change becomes an event, unless it is dropped; order is left to chance. */
export const connectEvents = (world: World): void => {
  const { api, clock, random, ways } = world;
  const watched = new Set([PODS, STATEFUL_SETS, ...ways.flatMap(({ events }) => events)].map(({ plural }) => plural));
  api.onRevision(({ type, resource, resourceVersion, object }) => {
    if (!watched.has(resource.plural)) return;
    const isDropped = strikes(world, "droppedEvent");
    const isKept = strikes(world, "keptEvent");
    if (isDropped && !isKept) return;
    const { apiVersion, kind, metadata } = object;
    const { name, namespace } = metadata;
    const event: Context = {
      headers: STRUCTURED,
      body: {
        specversion: "1.0",
        id: String(resourceVersion),
        source: "sim",
        type: `dev.knative.apiserver.resource.${CHANGES[type]}`,
        apiversion: apiVersion,
        kind,
        name,
        namespace,
        data: object,
      },
    };
    if (isKept) world.kept.push(event);
    if (isDropped) return;
    const copies = strikes(world, "repeatedEvent") ? world.shape.copies : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delayMs = 1 + random.next() * (strikes(world, "slow") ? slowEventMs : eventMs);
      void clock.sleep(delayMs).then(() => deliver(world, event));
    }
  });
};
