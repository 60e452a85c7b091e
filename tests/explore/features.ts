/** What can be explored, by the name that the command line takes. */
import { VARIANTS, VARIANTS_OF_TWO_RECORDS, variantNamed } from "../weakened/variants.ts";
import { explore, type Exploration, type Limits } from "./explore.ts";
import { NO_FAULTS } from "./handover/faults.ts";
import { protocolOf } from "./handover/protocol.ts";
import { ROLES_VARIANTS, rolesProtocolOf, rolesSystem } from "./handover/roles.ts";
import { electionSystem } from "./handover/system.ts";
import { LABEL_VARIANTS, labelProtocolOf } from "./label/protocol.ts";
import { labelSystem } from "./label/system.ts";
import { NO_ROUTE_FAULTS } from "./route/faults.ts";
import { routeProtocolOf } from "./route/protocol.ts";
import { routeSystem } from "./route/system.ts";
import { ROUTE_VARIANTS } from "./route/variants.ts";
import { scopeFrom, scopeText } from "./scopes.ts";
import type { Invariant } from "./system.ts";

export interface Exploring {
  /** `<pods>x<instances>`. */
  readonly size: string;
  /** Such as `ready=2,lease=1`. */
  readonly faults: string;
  /** Undefined: the protocol as it is shipped. */
  readonly variant?: string | undefined;
  readonly movingClock?: boolean;
  /** The election: the two LISTs of pods one after the other. */
  readonly splitLists?: boolean;
  /** Route mode: address families of the Service; default 1. */
  readonly families?: number;
  /** Only these invariants, beside L1; default: all that the feature promises. */
  readonly only?: readonly Invariant[] | undefined;
}

/** An exploration that is ready to begin. */
export interface Prepared {
  readonly title: string;
  /** What is left out of the protocol; undefined: nothing. */
  readonly leavesOut: string | undefined;
  readonly run: (limits: Omit<Limits, "until">) => Exploration;
}

interface Flawed {
  readonly name: string;
  readonly leavesOut: string;
  readonly flaw: Invariant | "L1";
}

export interface Feature {
  readonly variants: readonly Flawed[];
  /** Kinds of faults. */
  readonly kinds: readonly string[];
  /** Throws for what cannot be explored. */
  readonly prepare: (exploring: Exploring) => Prepared;
}

/** Of a variant the violation that it is known for; of the shipped protocol any that is asked for. */
const untilOf = (
  variant: Flawed | undefined,
  all: readonly Invariant[],
  only: readonly Invariant[] = all,
): readonly Invariant[] => {
  if (variant === undefined) return all.filter((invariant) => only.includes(invariant));
  return variant.flaw === "L1" ? [] : [variant.flaw];
};

const named = <V extends Flawed>(variants: readonly V[], name: string | undefined): V | undefined => {
  if (name === undefined) return undefined;
  const variant = variants.find((known) => known.name === name);
  if (variant !== undefined) return variant;
  throw new Error(`--variant: got ${JSON.stringify(name)}, accepts ${variants.map((known) => known.name).join(", ")}`);
};

/** Kinds of faults that only some features know. */
const ELECTION_KINDS = ["ready", "create", "delete", "replace", "move", "lease", "wish", "rename", "rival"] as const;
const ROLES_KINDS = ["ready", "create", "delete", "replace", "move", "lease", "word", "lie"] as const;

const LABEL_KINDS = ["ready", "create", "delete", "replace", "move", "lease", "mode", "unkey", "edit"] as const;

const election: Feature = {
  variants: [...VARIANTS, ...VARIANTS_OF_TWO_RECORDS],
  kinds: ELECTION_KINDS,
  prepare: ({ size, faults, variant: name, movingClock = false, splitLists = false, only }) => {
    const scope = scopeFrom(NO_FAULTS, { size, faults, kinds: ELECTION_KINDS }, movingClock);
    const variant = name === undefined ? undefined : variantNamed(name);
    const system = electionSystem(protocolOf(variant, splitLists), scope);
    return {
      title: `election ${scopeText(scope)}${splitLists ? ", split lists" : ""}`,
      leavesOut: variant?.leavesOut,
      run: (limits) =>
        explore(system, scope.instances, { ...limits, until: untilOf(variant, ["S1", "S3", "S4"], only) }),
    };
  },
};

const route: Feature = {
  variants: ROUTE_VARIANTS,
  kinds: Object.keys(NO_ROUTE_FAULTS),
  prepare: ({ size, faults, variant: name, movingClock = false, families = 1, only }) => {
    const scope = scopeFrom(NO_ROUTE_FAULTS, { size, faults }, movingClock);
    const variant = named(ROUTE_VARIANTS, name);
    const system = routeSystem(routeProtocolOf(variant), { ...scope, families });
    return {
      title: `standby-route ${scopeText(scope)}, ${families === 1 ? "one family" : "two families"}`,
      leavesOut: variant?.leavesOut,
      run: (limits) =>
        explore(system, scope.instances, { ...limits, until: untilOf(variant, ["S2", "S4", "G"], only) }),
    };
  },
};

const roles: Feature = {
  variants: ROLES_VARIANTS,
  kinds: ROLES_KINDS,
  prepare: ({ size, faults, variant: name, movingClock = false, only }) => {
    const scope = scopeFrom(NO_FAULTS, { size, faults, kinds: ROLES_KINDS }, movingClock);
    const variant = named(ROLES_VARIANTS, name);
    const system = rolesSystem(rolesProtocolOf(variant, scope.pods), scope);
    return {
      title: `roles ${scopeText(scope)}`,
      leavesOut: variant?.leavesOut,
      run: (limits) =>
        explore(system, scope.instances, { ...limits, until: untilOf(variant, ["S1", "S3", "S4", "A"], only) }),
    };
  },
};

const label: Feature = {
  variants: LABEL_VARIANTS,
  kinds: LABEL_KINDS,
  prepare: ({ size, faults, variant: name, movingClock = false, only }) => {
    const scope = scopeFrom(NO_FAULTS, { size, faults, kinds: LABEL_KINDS }, movingClock);
    const variant = named(LABEL_VARIANTS, name);
    const system = labelSystem(labelProtocolOf(variant), scope);
    // Two groups have two rows of epochs.
    const asked: readonly Invariant[] = scope.faults.edit > 0 ? ["S1", "G"] : ["S1", "S3", "S4", "G"];
    return {
      title: `standby-label ${scopeText(scope)}`,
      leavesOut: variant?.leavesOut,
      run: (limits) => explore(system, scope.instances, { ...limits, until: untilOf(variant, asked, only) }),
    };
  },
};

export const FEATURES: Readonly<Record<string, Feature>> = {
  election,
  roles,
  "standby-label": label,
  "standby-route": route,
};
