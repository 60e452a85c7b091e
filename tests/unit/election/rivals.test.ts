/** Which older locks stand in a lock's way: those that are served themselves, whatever order they are listed in. */
import { expect, test } from "vitest";
import { servedBefore } from "../../../functions/election/decide.ts";
import type { LockView } from "../../../functions/election/model.ts";
import { byAge } from "../../../functions/kit/group/owners.ts";
import { lockView, type LockOptions } from "../support/builders.ts";

const lock = (
  name: string,
  year: number,
  on: readonly [set: string, lease: string],
  more: LockOptions = {},
): LockView =>
  lockView({
    name,
    uid: `uid-of-${name}`,
    created: `${year}-01-01T00:00:00Z`,
    spec: { statefulSetName: on[0], leaseName: on[1] },
    ...more,
  });

const ASKING = lock("asking", 2026, ["db", "db-lease"]);
const OLDEST = lock("oldest", 2020, ["web", "web-lease"]);

test.each<[string, readonly LockView[], readonly string[]]>([
  ["nobody else", [], []],
  ["an older one", [OLDEST], ["oldest"]],
  ["not a younger one", [lock("younger", 2027, ["x", "y"])], []],
  ["two that share nothing", [OLDEST, lock("next", 2021, ["x", "y"])], ["oldest", "next"]],
  ["not one whose StatefulSet an older one has", [OLDEST, lock("next", 2021, ["web", "y"])], ["oldest"]],
  ["not one whose Lease an older one has", [OLDEST, lock("next", 2021, ["x", "web-lease"])], ["oldest"]],
  [
    "one that collides only with what is refused itself",
    [OLDEST, lock("refused", 2021, ["web", "y"]), lock("third", 2022, ["z", "y"])],
    ["oldest", "third"],
  ],
  ["not an invalid one", [lock("invalid", 2020, ["db", "Not_A_Name"])], []],
  ["not one that has ended", [lock("ended", 2020, ["db", "x"], { deleting: true })], []],
])("served before: %s", (_title, others, names) => {
  const listed = [ASKING, ...others];
  for (const locks of [listed, listed.toReversed()]) {
    expect(servedBefore(ASKING, locks).map(({ name }) => name)).toEqual(names);
  }
});

test("age is an order: asked the other way round it answers the other way round", () => {
  expect([byAge(OLDEST, ASKING), byAge(ASKING, OLDEST)]).toEqual([-1, 1]);
});
