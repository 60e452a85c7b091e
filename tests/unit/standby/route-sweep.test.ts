/** Goal: what events did not tell of route mode is found by the sweep, in a number of reads that does not grow with the Services. */
import { describe, expect, it } from "vitest";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { createRouted, createScene, DUAL, setReady } from "./route-world.ts";

const V4 = "db-bellwether-ipv4";
const V6 = "db-bellwether-ipv6";

describe("the sweep", () => {
  it("finds a move that no event told of, with one LIST of pods for all Services", async () => {
    const world = await createRouted();
    setReady(world, "db-1", false);
    expect(await world.sweep()).toEqual(["db"]);
    const lists = world.requests.filter(({ verb, resource }) => verb === "list" && resource === PODS);
    expect(lists.map(({ path }) => path)).toEqual(["/api/v1/pods?labelSelector=app+in+%28db%29&limit=500"]);
  });

  it("finds the slices of a Service that is gone, and a run takes them away", async () => {
    const world = await createRouted(DUAL);
    world.remove(SERVICES, "db");
    expect(await world.sweep()).toEqual(["db"]);
    expect(await world.run()).toEqual({ kind: "done", reason: "ServiceGone" });
    expect([world.get(ENDPOINT_SLICES, V4), world.get(ENDPOINT_SLICES, V6)]).toEqual([undefined, undefined]);
    expect(world.events.map(({ type }) => type)).toEqual(["dev.bellwether.leader.lost.v1"]);
    expect(await world.sweep()).toEqual([]);
  });

  it("runs every Service of the mode when it cannot read", async () => {
    const world = await createRouted();
    world.intercept(({ verb, resource }) =>
      verb === "list" && resource === PODS
        ? { status: 500, body: { kind: "Status", reason: "InternalError" } }
        : undefined,
    );
    expect(await world.sweep()).toEqual(["db"]);
  });

  it("asks for the label alone where its value is empty", async () => {
    const world = createScene({ selector: { role: "" } });
    await world.sweep();
    expect(world.requests.map(({ path }) => path)).toContain("/api/v1/pods?labelSelector=role&limit=500");
  });

  it("reads one LIST where there is no Service of the mode", async () => {
    const world = createScene({ annotations: {} });
    expect(await world.sweep()).toEqual([]);
    expect(world.requests).toHaveLength(1);
  });
});
