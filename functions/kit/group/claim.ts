/** Our finalizer on an owner: put there before the first write that would need cleaning up, taken off when all is clean. */
import type { Io } from "../context.ts";
import { addFinalizer, hasFinalizer, removeFinalizer } from "../finalizers.ts";
import type { KubeObject, ObjectMeta } from "../kube/object.ts";
import { objectOf } from "../kube/request.ts";
import { classify } from "../kube/status-class.ts";
import { failed, restart, type PassOutcome } from "../outcome.ts";
import { changed, type Subject } from "./subject.ts";

/** A subject as it was read, and the finalizer that is ours. */
export interface Claim {
  readonly subject: Subject;
  readonly metadata: ObjectMeta;
  readonly finalizer: string;
}

/** `object` undefined: nothing had to be written, or this mode writes nothing. */
export type Claimed = { readonly kind: "claimed"; readonly object: KubeObject | undefined } | PassOutcome;

export const claim = async ({ context, send }: Io, { subject, metadata, finalizer }: Claim): Promise<Claimed> => {
  if (hasFinalizer(metadata, finalizer) || context.mode === "observe") return { kind: "claimed", object: undefined };
  const response = await send(addFinalizer(subject.resource, metadata, finalizer));
  const outcome = classify(response);
  if (outcome === "ok") return { kind: "claimed", object: objectOf(response) };
  return outcome === "stale" ? restart(changed(subject)) : failed("add the finalizer", response);
};

/** Undefined: released, or gone anyway. */
export const release = async (
  { send }: Io,
  { subject, metadata, finalizer }: Claim,
): Promise<PassOutcome | undefined> => {
  const response = await send(removeFinalizer(subject.resource, metadata, finalizer));
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") return undefined;
  return outcome === "stale" ? restart(changed(subject)) : failed("remove the finalizer", response);
};
