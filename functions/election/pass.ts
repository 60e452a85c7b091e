/**
 * A run of one StatefulSetLock: passes of read, admit and act until the group is at rest. Every write is conditional, so any
 * number of instances may do this at once, and each may die between any two writes.
 */
import type { RunOutcome } from "../kit/feature.ts";
import { admit } from "./decide.ts";
import { conclude, done, failed, RETRY_AFTER_MS, type Io, type PassOutcome } from "./conclude.ts";
import { endLock, endPrevious } from "./ending.ts";
import { loadOwner, type LockHint, type Owner } from "./load.ts";
import { serve } from "./serve.ts";

const PASSES_MAX = 8;

export interface LockKey {
  readonly namespace: string;
  readonly name: string;
}

export interface Memory {
  readonly hint: LockHint | undefined;
  /** Told what the owner looks like now; undefined: it is gone. */
  readonly learn: (owner: Owner | undefined) => void;
}

const passOnce = async (io: Io, key: LockKey, memory: Memory): Promise<PassOutcome> => {
  const loaded = await loadOwner(io.send, key, { hint: memory.hint, now: () => io.context.clock.serverNow() });
  if (!loaded.ok) return failed(loaded.doing, loaded.response);
  const owner = loaded.value;
  memory.learn(owner);
  if (owner === undefined) return done("LockGone");
  const { lock } = owner;
  const admission = admit(owner);
  switch (admission.kind) {
    case "end":
      return endLock(io, owner);
    case "end-previous":
      return (await endPrevious(io, owner, admission)) ?? done("ObserveMode");
    case "refuse": {
      const result = { ...admission, kind: "refused" } as const;
      const pass = { lock, result, group: undefined, record: undefined, promotion: undefined };
      return conclude(io, pass, done(admission.reason));
    }
    case "serve":
      return serve(io, owner, admission);
  }
};

export const runLock = async (io: Io, key: LockKey, memory: Memory): Promise<RunOutcome> => {
  let reason = "";
  for (let count = 0; count < PASSES_MAX; count += 1) {
    // A pass begins where the last one found that it had to.
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await passOnce(io, key, memory);
    if (outcome.kind !== "restart") return outcome;
    ({ reason } = outcome);
  }
  return {
    kind: "retry",
    reason: `still "${reason}" after ${PASSES_MAX} passes`,
    afterMs: RETRY_AFTER_MS,
    trouble: "group",
  };
};
