/**
 * Goal: whatever people do to Services, pods and slices, and whatever is lost, late, frozen or killed, no write of the function makes a second
 * active pod, from the end of a cut-over on a Service leads to one pod, no cut-over empties it, and all comes to rest by itself.
 */
import { expect, test } from "vitest";
import { allKeepPromises, freshSeedsKeepPromises, seedsTo, strikesAlone, testDeadlineMs } from "./keeping.ts";
import { simulate } from "./run.ts";

const FIXED_SEEDS = seedsTo(24);
const freshMs = 4_000;

const OWN_ACTIONS = (
  "optIn,optOut,otherValue,toRoute,toLabel,reapplied,selectorEdit,overlap,narrower,serviceDelete,serviceCreate,families," +
  "sliceDelete,sliceEmptied,sliceUnlabelled,relabel,leaseDelete,scaleDeployment,deploymentDelete,setDelete"
).split(",");

test(
  "no seed makes a second active pod, leads a Service to two, or empties it by a cut-over",
  async () => {
    const promotions = await allKeepPromises(FIXED_SEEDS.map((seed) => ({ feature: "standby", seed })));
    // Those of route mode are no promotions of pods, and come on top.
    expect(promotions).toBeGreaterThan(FIXED_SEEDS.length);
  },
  testDeadlineMs,
);

test(
  "neither does any seed that nobody has tried before",
  async () => expect(await freshSeedsKeepPromises("standby", freshMs)).toBeGreaterThan(0),
  testDeadlineMs,
);

test.each(OWN_ACTIONS)(
  "%s, by itself, breaks no promise",
  async (name) => expect(await strikesAlone("standby", name)).toBe(true),
  testDeadlineMs,
);

test(
  "cut-overs of both modes and back are watched to their end",
  async () => {
    const actions = ["toRoute", "toLabel", "optOut", "ready"];
    const seen = new Set<string>();
    for (const seed of seedsTo(8)) {
      // oxlint-disable-next-line no-await-in-loop
      const { tally } = await simulate({ feature: "standby", seed, profile: "mixed", groups: 1, actions, faults: [] });
      for (const what of tally.keys()) seen.add(what);
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(["watched label cut-over", "watched route cut-over", "watched way back"]),
    );
  },
  testDeadlineMs,
);

test.each(["mixed", "race"] as const)(
  "a seed of profile %s gives the same history each time",
  async (profile) => {
    const again = { feature: "standby", seed: 3, profile } as const;
    const [one, other] = [await simulate(again), await simulate(again)];
    expect(one.timeline.length).toBeGreaterThan(100);
    expect(other).toEqual(one);
  },
  testDeadlineMs,
);
