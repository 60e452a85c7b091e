/** One LIST for all features that want the same in one sweep, and none from another sweep. */
import { expect, test } from "vitest";
import type { Feature } from "../../../functions/kit/feature.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { listAll } from "../../../functions/kit/kube/page.ts";
import {
  getRequest,
  listRequest,
  PODS,
  STATEFUL_SETS,
  type KubeResponse,
  type Resource,
  type Transport,
} from "../../../functions/kit/kube/request.ts";
import { joinLists } from "../../../functions/kit/kube/shared-lists.ts";
import { createTick } from "../../../functions/renewal/tick.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const TAKES_MS = 10;
const FAILED: KubeResponse = { status: 500, body: { kind: "Status" } };

interface Server {
  readonly sent: readonly string[];
  readonly send: Transport;
}

/** A page of three for each LIST; requests whose path has `failing` in it fail at once. */
const createServer = (clock: VirtualClock, failing = "nothing"): Server => {
  const sent: string[] = [];
  const send: Transport = async ({ verb, path }) => {
    sent.push(path);
    if (path.includes(failing)) return FAILED;
    await clock.sleep(TAKES_MS);
    const page = Number(new URLSearchParams(path.split("?")[1]).get("continue") ?? "1");
    const metadata = page < 3 ? { continue: String(page + 1) } : {};
    return { status: 200, body: verb === "list" ? { metadata, items: [{ page }] } : {} };
  };
  return { sent, send };
};

test("whoever pages through a collection in step gets all of it, and each page is read once", async () => {
  const clock = createVirtualClock();
  const { send, sent } = createServer(clock);
  const joined = joinLists(send);
  const read = (): ReturnType<typeof listAll> => listAll(joined, PODS, {});
  const listings = await clock.settle(Promise.all([read(), read(), read()]));
  expect(listings.map((listing) => listing.ok && listing.items)).toEqual(
    Array.from({ length: 3 }, () => [{ page: 1 }, { page: 2 }, { page: 3 }]),
  );
  expect(sent).toHaveLength(3);
});

test("an answer that has arrived is given to nobody else", async () => {
  const clock = createVirtualClock();
  const { send, sent } = createServer(clock);
  const joined = joinLists(send);
  const request = listRequest(PODS, {});
  await clock.settle(joined(request));
  await clock.settle(joined(request));
  expect(sent).toHaveLength(2);
});

test("other LISTs and reads of one object go their own ways", async () => {
  const clock = createVirtualClock();
  const { send, sent } = createServer(clock);
  const joined = joinLists(send);
  const get = getRequest(PODS, "data", "db-0");
  const lists = [{ namespace: "data" }, { namespace: "other" }, { labelSelector: "app=db" }];
  await clock.settle(Promise.all([joined(get), joined(get), ...lists.map((of) => joined(listRequest(PODS, of)))]));
  expect(sent).toHaveLength(5);
});

const reading = (name: string, resources: readonly Resource[]): Feature => ({
  name,
  groupsOf: () => [],
  run: () => Promise.resolve({ kind: "done", reason: "Fine" }),
  sweep: async (send, found) => {
    const listings = await Promise.all(
      resources.map(async (resource) => {
        const listing = await listAll(send, resource, {});
        if (!listing.ok) throw new Error("unreadable");
        return listing;
      }),
    );
    found([]);
    return { kind: "swept", groups: listings.length, renewed: 0 };
  },
});

const tickOf = (clock: VirtualClock, send: Transport, features: readonly Feature[]): ReturnType<typeof createTick> =>
  createTick({
    features,
    clock,
    send,
    log: createLog({ level: "error", write: () => undefined }),
    metrics: createMetrics(METRICS),
    trigger: () => Promise.resolve({ kind: "done", reason: "Fine" }),
    onRead: () => undefined,
  });

test("in one tick a collection that three features want is read once", async () => {
  const clock = createVirtualClock();
  const { send, sent } = createServer(clock);
  const features = ["one", "two", "three"].map((name) => reading(name, [STATEFUL_SETS]));
  expect(await clock.settle(tickOf(clock, send, features)())).toBeUndefined();
  expect(sent).toHaveLength(3);
});

test("a LIST that an earlier, failed sweep left under way is not waited for", async () => {
  const clock = createVirtualClock();
  const { send, sent } = createServer(clock, "/pods");
  const tick = tickOf(clock, send, [reading("one", [STATEFUL_SETS, PODS])]);
  expect(await tick()).toMatch(/unreadable/);
  expect(await tick()).toMatch(/unreadable/);
  expect(sent.filter((path) => path.includes("statefulsets"))).toHaveLength(2);
});
