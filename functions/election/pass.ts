/**
 * A pass over one StatefulSetLock: read, admit and act. Every write is conditional, so any number of instances may do this at
 * once, and each may die between any two writes.
 */
import type { Io } from "../kit/context.ts";
import type { ObjectKey } from "../kit/keys.ts";
import { done, failed, type PassOutcome } from "../kit/outcome.ts";
import { admit } from "./decide.ts";
import { endLock, endPrevious } from "./ending.ts";
import { loadOwner, type LockHint, type Owner } from "./load.ts";
import { publish } from "./publish.ts";
import { serve } from "./serve.ts";

export interface Memory {
  readonly hint: LockHint | undefined;
  /** Told what the owner looks like now; undefined: it is gone. */
  readonly learn: (owner: Owner | undefined) => void;
}

export const passOnce = async (io: Io, key: ObjectKey, memory: Memory): Promise<PassOutcome> => {
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
      return publish(io, pass, done(admission.reason));
    }
    case "serve":
      return serve(io, owner, admission);
  }
};
