/**
 * A record whose holder's name somebody has edited to one that no pod can have. Asked for such a pod the API server does not say that it is gone,
 * but that the path is forbidden, or bad; and no hand-over could get past that.
 */
import { expect, test } from "vitest";
import { LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { activePods, createGroupAtRest } from "./cluster.ts";
import { LEASE } from "./world.ts";

test.each<[string, number, string]>([
  ["default/store-a", 403, "Forbidden"],
  ["store-a/log", 403, "Forbidden"],
  ["..", 400, "BadRequest"],
  ["store%a", 400, "BadRequest"],
])("a holder that is gone, and whose name somebody has edited to %o, is replaced", async (name, status, reason) => {
  const world = await createGroupAtRest();
  world.change(LEASES, LEASE, { spec: { holderIdentity: name } });
  const path = "/api/v1/namespaces/default/pods/store-a";
  world.api.handle({ method: "DELETE", path, contentType: "application/json", body: { gracePeriodSeconds: 0 } });
  world.intercept(({ verb, resource, name: asked }) =>
    verb === "get" && resource === PODS && asked === name ? { status, body: { kind: "Status", reason } } : undefined,
  );
  expect(await world.run()).toMatchObject({ kind: "done" });
  expect(activePods(world)).toEqual(["store-b"]);
});
