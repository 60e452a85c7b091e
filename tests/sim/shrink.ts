/**
 * Makes a failure small: fewer steps, quiet steps, fewer faults, groups and instances, as long as the same promise is broken. A
 * seed with a wish more is another history where the wish changes a draw, so this is a search and not a proof: it ends at its deadline.
 */
import { simulate, type Outcome, type Simulation } from "./run.ts";

/** The invariant that a problem begins with. */
const kindOf = (problem: string): string => problem.slice(0, problem.indexOf(":"));

/** The worse the earlier. */
const KINDS = ["S1", "S2", "S3", "S4", "S6", "S9", "S8", "S19", "empty", "roles", "L1", "noise", "reply", "bug"];

const kindsOf = ({ problems }: Outcome): readonly string[] =>
  KINDS.filter((kind) => problems.some((problem) => kindOf(problem) === kind));

interface Search {
  readonly best: Outcome;
  /** Takes the smaller one when it fails alike. */
  readonly attempt: (smaller: Simulation) => Promise<boolean>;
}

const createSearch = (failed: Outcome, deadlineMs: number): Search => {
  const [worst = ""] = kindsOf(failed);
  const end = performance.now() + deadlineMs;
  let best = failed;
  return {
    get best() {
      return best;
    },
    attempt: async (smaller) => {
      if (performance.now() > end) return false;
      const outcome = await simulate(smaller);
      const isAlike = kindsOf(outcome).includes(worst);
      if (isAlike) best = outcome;
      return isAlike;
    },
  };
};

/** The first steps alone, as few as fail. */
const cutSteps = async (search: Search): Promise<void> => {
  const { simulation, drawn } = search.best;
  for (let fewer = 1; fewer < (drawn.steps ?? 0); fewer += 1) {
    // oxlint-disable-next-line no-await-in-loop
    if (await search.attempt({ ...simulation, steps: fewer })) return;
  }
};

/** One by one from the end, each step that is not needed. */
const muteSteps = async (search: Search): Promise<void> => {
  for (let step = (search.best.drawn.steps ?? 0) - 2; step >= 0; step -= 1) {
    const { simulation } = search.best;
    // oxlint-disable-next-line no-await-in-loop
    await search.attempt({ ...simulation, mute: [...(simulation.mute ?? []), step] });
  }
};

const dropFaults = async (search: Search): Promise<void> => {
  for (const fault of search.best.drawn.faults ?? []) {
    const faults = (search.best.drawn.faults ?? []).filter((other) => other !== fault);
    // oxlint-disable-next-line no-await-in-loop
    await search.attempt({ ...search.best.simulation, faults });
  }
};

const reduce = async (search: Search, what: "groups" | "instances"): Promise<void> => {
  const most = search.best.drawn[what] ?? 1;
  for (let fewer = 1; fewer < most; fewer += 1) {
    // oxlint-disable-next-line no-await-in-loop
    if (await search.attempt({ ...search.best.simulation, [what]: fewer })) return;
  }
};

/** The smallest failure that was found within the time; the given one when there is none. */
export const shrink = async (failed: Outcome, deadlineMs: number): Promise<Outcome> => {
  const search = createSearch(failed, deadlineMs);
  await cutSteps(search);
  if (failed.simulation.profile !== "two-groups") {
    await reduce(search, "groups");
    await reduce(search, "instances");
    await dropFaults(search);
    await cutSteps(search);
  }
  await muteSteps(search);
  return search.best;
};
