/** How soon the simulation of a feature shows that a protocol which all features share is weakened. */
import { variantNamed } from "../weakened/variants.ts";
import { simulate, type Simulation } from "./run.ts";
import { choose, weakServer } from "./weakening.ts";

/** Several times what any needs. */
const SEEDS_MAX = 60;

/** The first seed from 1 on with two leaders; undefined: none of 60. */
export const firstCaught = async (
  variant: string,
  hunt: Omit<Simulation, "seed" | "profile" | "rests" | "weaken">,
): Promise<number | undefined> => {
  choose(variantNamed(variant));
  try {
    for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one seed after the other
      const { problems } = await simulate({ seed, profile: "race", ...hunt, rests: false, weaken: weakServer });
      if (problems.some((text) => text.startsWith("S1: "))) return seed;
    }
    return undefined;
  } finally {
    choose(undefined);
  }
};
