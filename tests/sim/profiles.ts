/** Which profiles there are: a feature, or several at once, and how a seed draws them. */
import { ELECTION_ACTIONS, mixedElection, raceElection, twoGroups } from "./election/profiles.ts";
import { mixedTogether, raceTogether, TOGETHER_ACTIONS } from "./mix/profiles.ts";
import type { Profile, Wishes } from "./profile.ts";
import { mixedRoles, raceRoles, ROLES_ACTIONS } from "./roles/profiles.ts";
import { mixedStandby, raceStandby, STANDBY_ACTIONS } from "./standby/profiles.ts";
import type { Actions } from "./workload.ts";

/** `mix`: each pod may be in a lock, a checker and a Service at once. `all`: one after the other, by the seed. */
export const FEATURE_NAMES = ["election", "roles", "standby", "mix", "all"] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];
type OneFeature = Exclude<FeatureName, "all">;

export const PROFILE_NAMES = ["any", "mixed", "race", "two-groups"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

type Draw = (wishes: Wishes) => Profile;

const PROFILES: Readonly<Record<OneFeature, { readonly mixed: Draw; readonly race: Draw }>> = {
  election: { mixed: mixedElection, race: raceElection },
  roles: { mixed: mixedRoles, race: raceRoles },
  standby: { mixed: mixedStandby, race: raceStandby },
  mix: { mixed: mixedTogether, race: raceTogether },
};

/** Every action that may be asked for by name, in the order in which seeds draw them. */
export const ACTIONS_OF: Readonly<Record<OneFeature, Actions>> = {
  election: ELECTION_ACTIONS,
  roles: ROLES_ACTIONS,
  standby: STANDBY_ACTIONS,
  mix: TOGETHER_ACTIONS,
};

const ROTATION = ["election", "roles", "standby", "mix"] as const;
/** Prime to the rotation, so that each feature has both. */
const RACE_OF = 3;

const featureOf = ({ feature, seed }: { readonly feature: FeatureName; readonly seed: number }): OneFeature =>
  feature === "all" ? (ROTATION[seed % ROTATION.length] ?? "election") : feature;

/** @throws for the first profile of any feature but the election's */
export const profileFor = (
  wishes: Wishes & { readonly feature: FeatureName; readonly profile?: ProfileName | undefined },
): Profile => {
  const { seed, profile = "any" } = wishes;
  const feature = featureOf(wishes);
  if (profile === "two-groups") {
    if (feature === "election") return twoGroups(wishes);
    throw new Error(`profile: got "two-groups", accepts any, mixed or race of ${feature}`);
  }
  const drawn = seed % RACE_OF === 0 ? "race" : "mixed";
  return PROFILES[feature][profile === "any" ? drawn : profile](wishes);
};
