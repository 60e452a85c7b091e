/**
 * Goal: whatever applications say, keep to themselves or lie about, and whatever is lost, late, frozen or killed, no write of the function makes
 * a second leader, no leader is left because it is silent, and at rest the label is where the application says that its leader is.
 */
import { expect, test } from "vitest";
import { allKeepPromises, freshSeedsKeepPromises, seedsTo, strikesAlone, testDeadlineMs } from "./keeping.ts";
import { simulate } from "./run.ts";

const FIXED_SEEDS = seedsTo(24);
const freshMs = 4_000;

const OWN_ACTIONS = (
  "appMoves,appLeaderless,appSilent,appHangs,appLies,appConfused,appDenies,leaderSilent,claimFlood,checkerCreate,checkerDelete," +
  "checkerSet,checkerTimes,leaseDelete,leaveSelector,scale,setDelete"
).split(",");

test(
  "no seed makes a second leader, or leaves a silent one, and each label comes to where the application leads",
  async () => {
    const promotions = await allKeepPromises(FIXED_SEEDS.map((seed) => ({ feature: "roles", seed })));
    expect(promotions).toBeGreaterThan(2 * FIXED_SEEDS.length);
  },
  testDeadlineMs,
);

test(
  "neither does any seed that nobody has tried before",
  async () => expect(await freshSeedsKeepPromises("roles", freshMs)).toBeGreaterThan(0),
  testDeadlineMs,
);

test.each(OWN_ACTIONS)(
  "%s, by itself, breaks no promise",
  async (name) => expect(await strikesAlone("roles", name)).toBe(true),
  testDeadlineMs,
);

test.each(["mixed", "race"] as const)(
  "a seed of profile %s gives the same history each time",
  async (profile) => {
    const again = { feature: "roles", seed: 3, profile } as const;
    const [one, other] = [await simulate(again), await simulate(again)];
    expect(one.timeline.length).toBeGreaterThan(100);
    expect(other).toEqual(one);
  },
  testDeadlineMs,
);
