/** Goal: no second writer, however late the end of a lock's former group takes the enrolment off a pod that leads again. */
import { expect, test } from "vitest";
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
import { playLateEnd } from "../support/late-end.ts";
import { createGroupAtRest } from "../support/world.ts";

test("a pod that returns after a late end is not promoted beside the one that a switchover asks for", async () => {
  const world = await createGroupAtRest();
  await playLateEnd(world, {
    roles: ROLES,
    owner: { resource: LOCKS, name: "db-lock" },
    choose: (pod) =>
      void world.change(LOCKS, "db-lock", { metadata: { annotations: { [SWITCHOVER_ANNOTATION]: pod } } }),
  });
  expect(world.mostWriters()).toBe(1);
});
