import { expect, test } from "vitest";
import { LEASES, PODS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import { startInstance, type Instance, type Which } from "../../unit/support/instance.ts";
import { activePods, createGroupAtRest, setReady } from "../../unit/standby/cluster.ts";
import { KEY, type World } from "../../unit/standby/world.ts";

const labelsIn = ({ body }: KubeRequest): Readonly<Record<string, string | null>> =>
  (body as { metadata?: { labels?: Record<string, string | null> } })?.metadata?.labels ?? {};
const promotes = (pod: string): Which => (r) => r.method === "PATCH" && r.resource === PODS && r.name === pod && labelsIn(r)[ROLES.roleLabel] === ROLES.leader;
const writesRecord: Which = ({ method, resource }) => method === "PATCH" && resource === LEASES;
const listsPods: Which = ({ verb, resource }) => verb === "list" && resource === PODS;
const stopAt = async (world: World, at: Which, end?: Which): Promise<Instance> => {
  const instance = startInstance(world, at, end);
  void world.instance().run(KEY, instance.send);
  await world.clock.settle(instance.stopped);
  return instance;
};
const goOn = async (instance: Instance): Promise<void> => {
  instance.goOn();
  for (let t = 0; t < 200; t += 1) await Promise.resolve();
};
const relabel = (world: World, pod: string, app: string): void => void world.change(PODS, pod, { metadata: { labels: { app } } });
const show = (world: World, t: string): void => {
  const p = ["store-a", "store-b"].map((n) => { const m = world.get(PODS, n)?.metadata; return `${n} ${JSON.stringify(m?.labels)} ${JSON.stringify(m?.annotations)}`; });
  process.stdout.write(`${t}\n  ${p.join("\n  ")}\n`);
};
test("S1 replay", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(2000);
  let most = 0;
  world.api.onRevision(() => { most = Math.max(most, activePods(world).length); });
  setReady(world, "store-a", false);
  const one = await stopAt(world, writesRecord, promotes("store-b"));
  relabel(world, "store-b", "gone");
  await world.clock.settle(world.instance().run(KEY, world.send));
  show(world, "let go");
  const two = await stopAt(world, listsPods, writesRecord);
  await goOn(one);
  show(world, "record names store-b");
  setReady(world, "store-a", true);
  const three = await stopAt(world, writesRecord);
  relabel(world, "store-b", "store");
  await goOn(two);
  show(world, "enrolled by a stale record");
  const four = startInstance(world, promotes("store-b"));
  const run4 = world.instance().run(KEY, four.send);
  await world.clock.settle(Promise.race([four.stopped, run4]));
  await goOn(four);
  show(world, "promoted b");
  await goOn(three);
  show(world, "three");
  expect(most).toBe(1);
});
