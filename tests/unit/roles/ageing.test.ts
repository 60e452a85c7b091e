/** Answers grow old: a record is never written by what the pods said long ago. */
import { expect, test } from "vitest";
import { ROLES as ELECTION_ROLES } from "../../../functions/election/labels.ts";
import { carryOut } from "../../../functions/kit/group/carry-out.ts";
import type { Transport } from "../../../functions/kit/kube/request.ts";
import { CHECKERS } from "../../../functions/roles/labels.ts";
import { aLease, aReader, aRecord, aWriter, NOW, seen, SET_UID } from "../support/builders.ts";
import { createScripted } from "../support/scripted.ts";
import { createRolesGroup, labels, say, type RolesWorld } from "./world.ts";

const KEY = "default/db";

/** The API server takes so long to confirm the checker before its record is made; meanwhile db-2 alone takes over. */
const runSlowly = async (world: RolesWorld, takesMs: number): Promise<void> => {
  let confirmed = 0;
  const slow: Transport = async (request) => {
    if (request.verb === "get" && request.resource.plural === CHECKERS.plural && (confirmed += 1) === 1) {
      say(world, [false, false, true]);
      await world.clock.advance(takesMs);
    }
    return world.send(request);
  };
  await world.feature.run(KEY, slow);
};

const rounds = (world: RolesWorld): string => world.questions.map(({ method }) => method).join(", ");

test.each([
  [2_000, "leader follower follower", "leaderStatus"],
  [2_001, "follower follower leader", "leaderStatus, leaderStatus"],
])("asking may take 1 s, and answers are good for another: %i ms later %s", async (takesMs, expected, asked) => {
  const world = createRolesGroup([true, false, false]);
  await runSlowly(world, takesMs);
  expect([labels(world), rounds(world), world.mostWriters()]).toEqual([expected, asked, 1]);
});

test.each([
  [3_000, "leader follower follower", "leaderStatus, servers"],
  [3_001, "follower follower leader", "leaderStatus, servers, leaderStatus"],
])("where several claim it may take 2 s: %i ms later %s", async (takesMs, expected, asked) => {
  const world = createRolesGroup([true, true, false]);
  world.apps.set("db-1", { leads: true, sees: ["db-0"] });
  await runSlowly(world, takesMs);
  expect([labels(world), rounds(world)]).toEqual([expected, asked]);
});

test("an instance that was frozen after its questions compares and swaps nothing: it reads and asks again", async () => {
  const raw = [aWriter(), aReader({ name: "db-1" })];
  const scripted = createScripted([...raw, aLease()]);
  const { clock } = scripted.ports;
  const observed = {
    names: ELECTION_ROLES,
    group: SET_UID,
    record: aRecord(),
    pods: raw.map((pod) => seen(pod)),
    epochSeen: 0,
    now: NOW,
  };
  const target = { kind: "pod", uid: "uid-of-db-1" } as const;
  const old = await carryOut(scripted.ports, observed, () => ({
    verdict: "move",
    target,
    until: clock.monotonic() - 1,
  }));
  expect(old).toEqual({
    kind: "stopped",
    verdict: "move",
    stop: { kind: "restart", reason: "what the target was chosen by is too old" },
  });
  expect(scripted.calls).toEqual([]);
  const fresh = await carryOut(scripted.ports, observed, () => ({ verdict: "move", target, until: clock.monotonic() }));
  expect(fresh).toMatchObject({ kind: "settled", promoted: true });
});
