/** Reported roles as a feature: LeaderStatusChecker, the leader that an application names among the pods of a StatefulSet. */
import type { FeatureContext, Io } from "../kit/context.ts";
import type { Feature, RunOutcome } from "../kit/feature.ts";
import { keyAfter, keyOf, keyText, LEARN_PREFIX, orphanOf, orphanText, type ObjectKey } from "../kit/keys.ts";
import { done, failed, runPasses, settled, unlisted, type PassOutcome } from "../kit/outcome.ts";
import { admit, type Reach } from "./admit.ts";
import { endChecker, endPrevious } from "./ending.ts";
import type { AskingOptions } from "./inquiry.ts";
import { ROLES } from "./labels.ts";
import { listCheckers, loadOwner, type CheckerHint, type Owner } from "./load.ts";
import { createLookups } from "./lookups.ts";
import { createMemory, type RolesMemory } from "./memory.ts";
import { forgetSeries } from "./metrics.ts";
import { endOrphan } from "./orphans.ts";
import { publish } from "./publish.ts";
import { askResting, ASK_PREFIX } from "./resting.ts";
import { serve, type Rules } from "./serve.ts";
import { sweepCheckers } from "./sweep.ts";

export interface RolesOptions extends AskingOptions {
  /** Namespaces whose StatefulSets checkers of other namespaces may name. */
  readonly openNamespaces: readonly string[];
}

interface Known {
  readonly hint: CheckerHint | undefined;
  /** Told what the owner looks like now; undefined: it is gone. */
  readonly learn: (owner: Owner | undefined) => void;
}

/** One pass over one checker: read, admit and act. Every write is conditional, so any number of instances may do this at once. */
const passOnce = async (io: Io, key: ObjectKey, { hint, learn }: Known, rules: Rules): Promise<PassOutcome> => {
  const { reach } = rules;
  const loaded = await loadOwner(io, key, { hint, reach });
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const owner = loaded.value;
  learn(owner);
  if (owner === undefined) return done("CheckerGone");
  const admission = admit({ ...owner, reach });
  switch (admission.kind) {
    case "end":
      return endChecker(io, owner, reach);
    case "end-previous":
      return endPrevious(io, owner, reach);
    case "refuse": {
      const result = { ...admission, kind: "refused" } as const;
      const pass = { checker: owner.checker, result, group: undefined, record: undefined, move: undefined };
      return publish(io, pass, done(admission.reason));
    }
    case "serve":
      return serve(io, { owner, admission, rules });
  }
};

/** Looks up the checkers on a StatefulSet that another instance serves, so that their events are not dropped here. */
const learnCheckers = async (
  io: Io,
  { namespace, name }: ObjectKey,
  { memory, reach }: { readonly memory: RolesMemory; readonly reach: Reach },
): Promise<RunOutcome> => {
  const listing = await listCheckers(io, namespace, reach);
  if (!listing.ok) return unlisted(listing.doing, listing.response);
  const found = listing.value.filter((one) => one.setNamespace === namespace && one.statefulSetName === name);
  for (const { leaseName, ...checker } of found) {
    memory.remember(keyText(checker), { statefulSetName: name, setNamespace: namespace, leaseName, set: undefined });
  }
  return { kind: "done", reason: "CheckersLearnt", next: found.map((checker) => keyText(checker)) };
};

/** The group that was served before in another namespace, where no record of this checker tells of it. */
const leftBehind = (before: CheckerHint | undefined, now: CheckerHint | undefined): readonly string[] =>
  before?.set === undefined || now === undefined || before.setNamespace === now.setNamespace
    ? []
    : [orphanText({ namespace: before.setNamespace, group: before.set.uid })];

export const createRoles = (context: FeatureContext, { openNamespaces, ...asking }: RolesOptions): Feature => {
  const memory = createMemory();
  const mayLookUp = createLookups(context);
  const reach: Reach = { served: context.namespaces, open: openNamespaces };
  const inScope = (namespace: string): boolean =>
    context.namespaces.length === 0 || context.namespaces.includes(namespace);

  const learn = (key: string, owner: Owner | undefined): void => {
    if (owner === undefined) {
      memory.forget(key);
      forgetSeries(context, key);
      return;
    }
    const { statefulSetName, setNamespace, leaseName } = owner.checker;
    memory.remember(key, { statefulSetName, setNamespace, leaseName, set: owner.set });
  };

  const noteAsking = (key: string): void => memory.noteAsking(key, context.clock.monotonic());
  const running = new Set<string>();

  const passes = async (io: Io, key: string): Promise<RunOutcome> => {
    const before = memory.get(key);
    const rules = { reach, asking, onAsking: () => noteAsking(key) };
    const outcome = await runPasses(() => {
      const known = { hint: memory.get(key), learn: (owner: Owner | undefined) => learn(key, owner) };
      return passOnce(io, keyOf(key), known, rules);
    });
    const left = leftBehind(before, memory.get(key));
    return outcome.kind === "done" && left.length > 0 ? { ...outcome, next: left } : outcome;
  };

  const runChecker = async (io: Io, key: string): Promise<RunOutcome> => {
    running.add(key);
    try {
      return await passes(io, key);
    } finally {
      running.delete(key);
    }
  };

  /** Whoever runs the checker asks by itself. */
  const runAsking = (io: Io, key: string): RunOutcome | Promise<RunOutcome> => {
    const resting = memory.take(key);
    if (resting === undefined || running.has(key)) return { kind: "done", reason: "AskedMeanwhile" };
    noteAsking(key);
    return askResting(io, asking, resting);
  };

  return {
    name: ROLES.feature,
    groupsOf: (event) => (inScope(event.namespace) ? memory.concerned(event) : []),
    claimed: (claim) =>
      inScope(claim.namespace)
        ? memory.claimed(claim).filter((key) => keyAfter(LEARN_PREFIX, key) === undefined || mayLookUp())
        : [],
    run: async (group, send) => {
      const io = { context, send };
      const orphan = orphanOf(group);
      if (orphan !== undefined) return settled(await endOrphan(io, orphan, reach));
      const asked = keyAfter(ASK_PREFIX, group);
      if (asked !== undefined) return runAsking(io, keyText(asked));
      const unknown = keyAfter(LEARN_PREFIX, group);
      return unknown === undefined ? runChecker(io, group) : learnCheckers(io, unknown, { memory, reach });
    },
    sweep: (send, found) => sweepCheckers({ context, send }, { memory, reach }, found),
  };
};
