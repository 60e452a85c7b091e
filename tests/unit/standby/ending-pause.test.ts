/** The end of a group pauses, so that watches hear of the restored selector: what changes meanwhile counts. */
import { expect, test } from "vitest";
import { SERVICES } from "../../../functions/kit/kube/request.ts";
import { activePods, createGroupAtRest, routingOf } from "./cluster.ts";
import { APP, KEY } from "./world.ts";

const TURNS = 200;

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < TURNS; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one turn of the event loop after the other
    await Promise.resolve();
  }
};

test("a Service that asks again while its group waits to end is not emptied by that end", async () => {
  const world = await createGroupAtRest();
  await world.clock.advance(5000);
  const ask = (mode: string | null): void =>
    void world.change(SERVICES, "store", { metadata: { annotations: { "qoqo.dev/service-mode": mode } } });
  ask(null);
  const ending = world.instance().run(KEY, world.send);
  await turns();
  expect(routingOf(world).selector).toEqual(APP);
  ask("active-standby");
  world.forget();
  const serving = world.instance().run(KEY, world.send);
  await world.clock.settle(Promise.all([ending, serving]));
  expect(world.routes("store").every(({ ready }) => ready.length > 0)).toBe(true);
  expect(activePods(world)).toHaveLength(1);
});
