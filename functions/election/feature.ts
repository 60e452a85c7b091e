/** The election as a feature: StatefulSetLock, one writer pod of a StatefulSet. */
import type { FeatureContext, Io } from "../kit/context.ts";
import type { Feature, RunOutcome } from "../kit/feature.ts";
import { keyAfter, keyOf, keyText, LEARN_PREFIX, orphanOf, type ObjectKey } from "../kit/keys.ts";
import { listAll } from "../kit/kube/page.ts";
import { runPasses, settled, unlisted } from "../kit/outcome.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { Owner } from "./load.ts";
import { createMemory, type ElectionMemory } from "./memory.ts";
import { forgetSeries } from "./metrics.ts";
import { viewLock } from "./model.ts";
import { endOrphan } from "./orphans.ts";
import { passOnce } from "./pass.ts";
import { sweepLocks } from "./sweep.ts";

/** Looks up the locks on a StatefulSet that another instance serves, so that their events are not dropped here. */
const learnLocks = async (io: Io, { namespace, name }: ObjectKey, memory: ElectionMemory): Promise<RunOutcome> => {
  const listing = await listAll(io.send, LOCKS, { namespace });
  if (!listing.ok) return unlisted("list StatefulSetLocks", listing.response);
  const locks = listing.items.map((lock) => viewLock(lock, io.context.clock.serverNow()));
  const found = locks.filter(({ statefulSetName }) => statefulSetName === name);
  for (const lock of found) {
    memory.remember(keyText(lock), { statefulSetName: name, leaseName: lock.leaseName, set: undefined });
  }
  return { kind: "done", reason: "LocksLearnt", next: found.map((lock) => keyText(lock)) };
};

export const createElection = (context: FeatureContext): Feature => {
  const memory = createMemory();
  const learn = (key: string, owner: Owner | undefined): void => {
    if (owner !== undefined) {
      const { statefulSetName, leaseName } = owner.lock;
      memory.remember(key, { statefulSetName, leaseName, set: owner.set });
      return;
    }
    memory.forget(key);
    forgetSeries(context, key);
  };
  return {
    name: ROLES.feature,
    groupsOf: (event) => {
      const inScope = context.namespaces.length === 0 || context.namespaces.includes(event.namespace);
      return inScope ? memory.concerned(event) : [];
    },
    run: async (group, send) => {
      const io = { context, send };
      const orphan = orphanOf(group);
      if (orphan !== undefined) return settled(await endOrphan(io, orphan));
      const unknown = keyAfter(LEARN_PREFIX, group);
      if (unknown !== undefined) return learnLocks(io, unknown, memory);
      const known = { hint: memory.get(group), learn: (owner: Owner | undefined) => learn(group, owner) };
      return runPasses(() => passOnce(io, keyOf(group), known));
    },
    sweep: (send, found) => sweepLocks({ context, send }, memory, found),
  };
};
