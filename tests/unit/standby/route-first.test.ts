/** Goal: whoever goes on between the making of the record and its first pod chooses as its maker did, and leaves no trace that is untrue. */
import { beforeEach, expect, test } from "vitest";
import { ENDPOINT_SLICES, PODS, SERVICES, type KubeResponse } from "../../../functions/kit/kube/request.ts";
import { createScene, setReady, uidOf, warningsOf, type RouteWorld } from "./route-world.ts";

const PODS_OF_SCENE = ["db-1", "db-2", "db-3"];
const NO_ANSWER: KubeResponse = { status: 0, body: undefined };

let world: RouteWorld;

beforeEach(() => {
  world = createScene();
});

/** Once, before the Service is read after the record was made. */
const whenMade = (happen: () => KubeResponse | undefined): void => {
  let isMade = false;
  world.intercept(({ verb, resource }) => {
    if (verb === "create" && resource === ENDPOINT_SLICES) isMade = true;
    if (!isMade || verb !== "get" || resource !== SERVICES) return undefined;
    world.intercept(undefined);
    return happen();
  });
};

const edit = (): undefined => {
  world.change(SERVICES, "db", { metadata: { labels: { noise: "1" } } });
};

test.each([
  ["the reading of the Service fails", () => NO_ANSWER],
  ["somebody edits the Service", edit],
])("the pod that a label calls active becomes it, when %s", async (_when, happen) => {
  world.change(PODS, "db-3", { metadata: { labels: { "qoqo.dev/pod-designation": "active" } } });
  whenMade(happen);
  await world.settle();
  expect(world.reach().IPv4).toEqual([uidOf(world, "db-3")]);
});

test("an epoch under which nobody was active is not told, and blames nobody when the Service opts out", async () => {
  whenMade(() => {
    for (const name of PODS_OF_SCENE) setReady(world, name, false);
    return edit();
  });
  await world.run();
  expect(world.get(SERVICES, "db")?.metadata.annotations).not.toHaveProperty(["bellwether.dev/routed-epoch"]);
  const annotations = { "bellwether.dev/route": null, "qoqo.dev/service-mode": null };
  world.change(SERVICES, "db", { metadata: { annotations } });
  await world.settle();
  expect(warningsOf(world).filter((text) => !text.startsWith("NoEligiblePod: "))).toEqual([]);
  expect(world.get(ENDPOINT_SLICES, "db-bellwether-ipv4")).toBeUndefined();
});
