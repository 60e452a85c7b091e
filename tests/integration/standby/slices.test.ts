/**
 * Goal: in route mode, what somebody else does to our EndpointSlice is mended by its own event: nothing ticks here, so nothing else tells of it.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createNamespace } from "../support/fixture.ts";
import { patch, remove } from "../support/objects.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS, startStage, type Stage } from "../support/stage.ts";
import { createDeployment, createService, until } from "./label-stage.ts";
import { doubled, isOurs, ROUTE, slicesOf, slicesPath, startFamilies, type Families } from "./route-stage.ts";

const NAMESPACE = "mended";
const NAME = "store";
const SERVICE = `${NAMESPACE}/${NAME}`;
const SLICE = `${slicesPath(NAMESPACE)}/${NAME}-bellwether-ipv4`;

let stage: Stage;
let families: Families;
let active: string | undefined;

beforeAll(async () => {
  stage = await startStage();
  const { lab } = stage;
  await stage.join();
  await stage.startObjectSource();
  families = await startFamilies(lab);
  await createNamespace(lab, NAMESPACE);
  await createDeployment(lab, NAMESPACE, { name: NAME, replicas: 2 });
  await createService(lab, NAMESPACE, { name: NAME, annotations: ROUTE });
  const { v4 } = await families.reached(SERVICE, { is: ({ exclusive }) => exclusive, deadlineMs: SCALE_BOUND_MS });
  [active] = v4;
});

afterAll(async () => {
  families.stop();
  await stage.stop();
});

/** Where the Service leads when it leads anywhere again, and its cut-over has ended. */
const backAfter = async (disturb: () => Promise<unknown>): Promise<readonly string[]> => {
  const since = performance.now();
  await disturb();
  const deadlineMs = EVENT_BOUND_MS;
  const { at } = await families.reached(SERVICE, { is: ({ v4 }) => v4.length === 0, since, deadlineMs });
  const { v4 } = await families.reached(SERVICE, {
    is: (reach) => reach.v4.length > 0 && reach.exclusive,
    since: at,
    deadlineMs,
  });
  return v4;
};

it("a slice that is deleted is made anew at once", async () => {
  expect(await backAfter(() => remove(stage.lab, SLICE))).toEqual([active]);
});

it("a slice that is emptied is filled at once", async () => {
  expect(await backAfter(() => patch(stage.lab, SLICE, { endpoints: [] }))).toEqual([active]);
});

it.each(["kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"])(
  "a slice that loses its label %s gets it back at once",
  async (label) => {
    await patch(stage.lab, SLICE, { metadata: { labels: { [label]: null } } });
    const isBack = async (): Promise<boolean> => (await slicesOf(stage.lab, NAMESPACE, NAME)).some(isOurs);
    expect(await until("the label is back", isBack, EVENT_BOUND_MS)).toBe(true);
  },
);

it("in all of that the Service led to no other pod", () => {
  expect(active).toBeDefined();
  expect(doubled(families.of(SERVICE))).toEqual([]);
});
