/** Nobody shall lead, and there is no record: one is made only where somebody has to be fenced under it. */
import { expect, test } from "vitest";
import { ROLES } from "../../../functions/election/labels.ts";
import { plan } from "../../../functions/kit/handover/plan.ts";
import { aPod, NOW, seen, SET_UID, type PodOptions } from "../support/builders.ts";

const step = (options: PodOptions): ReturnType<typeof plan> => {
  const observed = { names: ROLES, group: SET_UID, record: undefined, epochSeen: 0, now: NOW };
  return plan({ ...observed, pods: [seen(aPod({ group: SET_UID, ...options }))] }, { kind: "nobody" });
};

test.each<[string, PodOptions]>([
  ["a member with the leader's role", { role: "writer" }],
  ["a member with a token", { role: "reader", token: "5" }],
  ["a pod that has left", { role: "reader", owner: "other" }],
])("%s: a record that names nobody", (_title, options) => {
  expect(step(options)).toMatchObject({ kind: "record", change: { previous: undefined, holder: undefined } });
});

test("only members that follow: nothing is left to do", () => {
  expect(step({ role: "reader" })).toEqual({ kind: "settled" });
});
