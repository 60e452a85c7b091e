/** Who is asked at all: every pod that could be enrolled, and nobody where nobody can be reached. */
import { expect, test } from "vitest";
import { STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { conditionOf, createRolesAtRest, createRolesGroup, labels, messageOf } from "./world.ts";

test("a pod whose enrolment met conflicts, because everybody begins at the same time, is asked in the first round all the same", async () => {
  const world = createRolesGroup([false, true, false]);
  const conflict = { status: 409, body: { kind: "Status", reason: "Conflict" } };
  let conflicts = 0;
  world.intercept(({ verb, name }) =>
    verb === "patch" && name === "db-1" && (conflicts += 1) <= 3 ? conflict : undefined,
  );
  await world.run();
  expect([conflicts > 3, labels(world), world.questions.length]).toEqual([true, "follower leader follower", 1]);
  expect(world.questions[0]?.targets).toHaveLength(3);
});

test("a pod that cannot be enrolled is not asked, and the others are", async () => {
  const world = createRolesGroup([true, false, false]);
  const conflict = { status: 409, body: { kind: "Status", reason: "Conflict" } };
  world.intercept(({ verb, name }) => (verb === "patch" && name === "db-2" ? conflict : undefined));
  await world.run();
  expect(world.questions[0]?.targets).toHaveLength(2);
});

test("by DNS name, but the set has no governing Service: nobody is asked, nothing moves, the condition says what to do", async () => {
  const world = await createRolesAtRest();
  const set = world.get(STATEFUL_SETS, "db");
  const unnamed = { ...set, spec: { ...(set?.spec as object), serviceName: undefined } };
  world.intercept(({ verb, resource }) =>
    verb === "get" && resource.plural === STATEFUL_SETS.plural ? { status: 200, body: unnamed } : undefined,
  );
  world.change(CHECKERS, "db", { spec: { addressing: "DNS" } });
  expect(await world.run()).toMatchObject({ kind: "done", reason: "ValidationError" });
  expect(messageOf(world, "Available")).toBe(
    'spec.addressing: got "DNS", accepted is PodIP, because StatefulSet db has no spec.serviceName and so its pods have no DNS names; or make the StatefulSet anew with one',
  );
  expect([world.questions, labels(world)]).toEqual([[], "leader follower follower"]);
  world.change(CHECKERS, "db", { spec: { addressing: "PodIP" } });
  await world.run();
  expect(conditionOf(world, "Available")).toBe("True/Available");
});
