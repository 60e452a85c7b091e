/** The election as a feature: StatefulSetLock, one writer pod of a StatefulSet. */
import type { Feature, RunOutcome } from "../kit/feature.ts";
import { listAll } from "../kit/kube/page.ts";
import { failed, RETRY_AFTER_MS, type Io, type PassOutcome } from "./conclude.ts";
import type { ElectionContext } from "./context.ts";
import { LOCKS, ROLES } from "./labels.ts";
import type { Owner } from "./load.ts";
import { createMemory, keyText, LEARN_PREFIX, type ElectionMemory } from "./memory.ts";
import { forgetSeries } from "./metrics.ts";
import { viewLock } from "./model.ts";
import { endOrphan } from "./orphans.ts";
import { runLock, type LockKey } from "./pass.ts";
import { ORPHAN_PREFIX, sweepLocks } from "./sweep.ts";

const split = (text: string): { namespace: string; name: string } => {
  const [namespace = "", name = ""] = text.split("/");
  return { namespace, name };
};

const settled = (outcome: PassOutcome): RunOutcome =>
  outcome.kind === "restart" ? { ...outcome, kind: "retry", afterMs: RETRY_AFTER_MS, trouble: "group" } : outcome;

/** Looks up the locks on a StatefulSet that another instance serves, so that their events are not dropped here. */
const learnLocks = async (io: Io, { namespace, name }: LockKey, memory: ElectionMemory): Promise<RunOutcome> => {
  const listing = await listAll(io.send, LOCKS, { namespace });
  if (!listing.ok) return settled(failed("list StatefulSetLocks", listing.response));
  const locks = listing.items.map((lock) => viewLock(lock, io.context.clock.serverNow()));
  const found = locks.filter(({ statefulSetName }) => statefulSetName === name);
  for (const lock of found) {
    memory.remember(keyText(lock), { statefulSetName: name, leaseName: lock.leaseName, set: undefined });
  }
  return { kind: "done", reason: "LocksLearnt", next: found.map((lock) => keyText(lock)) };
};

export const createElection = (context: ElectionContext): Feature => {
  const memory = createMemory();
  const learn = (key: LockKey, owner: Owner | undefined): void => {
    if (owner !== undefined) {
      const { statefulSetName, leaseName } = owner.lock;
      memory.remember(keyText(key), { statefulSetName, leaseName, set: owner.set });
      return;
    }
    memory.forget(keyText(key));
    forgetSeries(context, keyText(key));
  };
  return {
    name: ROLES.feature,
    groupsOf: (event) => {
      const inScope = context.namespaces.length === 0 || context.namespaces.includes(event.namespace);
      return inScope ? memory.concerned(event) : [];
    },
    run: async (group, send) => {
      const io = { context, send };
      if (group.startsWith(ORPHAN_PREFIX)) {
        const { namespace, name } = split(group.slice(ORPHAN_PREFIX.length));
        return settled(await endOrphan(io, { namespace, group: name }));
      }
      if (group.startsWith(LEARN_PREFIX)) return learnLocks(io, split(group.slice(LEARN_PREFIX.length)), memory);
      const key = split(group);
      return runLock(io, key, { hint: memory.lock(group), learn: (owner) => learn(key, owner) });
    },
    sweep: (send, found) => sweepLocks({ context, send }, memory, found),
  };
};
