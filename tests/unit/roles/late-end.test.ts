/** Goal: no second leader, however late the end of a checker's former group takes the enrolment off a pod that leads again. */
import { expect, test } from "vitest";
import { CHECKERS, ROLES } from "../../../functions/roles/labels.ts";
import { playLateEnd } from "../support/late-end.ts";
import { createRolesAtRest } from "./world.ts";

test("a pod that returns after a late end is not promoted beside the one that the application has elected", async () => {
  const world = await createRolesAtRest();
  await playLateEnd(world, {
    roles: ROLES,
    owner: { resource: CHECKERS, name: "db" },
    choose: (pod) => {
      for (const name of ["db-0", "db-1"]) world.apps.set(name, { leads: name === pod });
    },
  });
  expect(world.mostWriters()).toBe(1);
});
