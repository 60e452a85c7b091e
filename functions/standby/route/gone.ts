/** What a Service leaves behind when it is deleted: the garbage collector takes its slices; what it has not taken yet goes here. */
import type { Io } from "../../kit/context.ts";
import { announce } from "../../kit/group/announce.ts";
import type { ObjectKey } from "../../kit/keys.ts";
import type { KubeObject } from "../../kit/kube/object.ts";
import { readOne } from "../../kit/kube/read.ts";
import { SERVICES } from "../../kit/kube/request.ts";
import { classify } from "../../kit/kube/status-class.ts";
import { done, failed, restart, type PassOutcome } from "../../kit/outcome.ts";
import { ROLES } from "../labels.ts";
import { subjectOf } from "../model.ts";
import { recordOf, viewSlice, type SliceView } from "./model.ts";
import { PART_LABEL } from "./names.ts";
import { deletionOf } from "./requests.ts";

/** Undefined: it is gone. */
const remove = async ({ send }: Io, slice: SliceView): Promise<PassOutcome | undefined> => {
  const response = await send(deletionOf(slice));
  const outcome = classify(response);
  if (outcome === "ok" || outcome === "gone") return undefined;
  const { name } = slice;
  return outcome === "stale"
    ? restart(`EndpointSlice ${name} changed`)
    : failed(`delete EndpointSlice ${name}`, response);
};

const announceEnd = ({ context }: Io, key: ObjectKey, slice: SliceView): void => {
  const { owner: uid, holder, labels } = slice;
  if (uid === undefined || holder === undefined || labels[PART_LABEL] !== "record") return;
  const leadership = { subject: subjectOf({ ...key, uid }), feature: ROLES.feature, group: uid };
  announce(
    context,
    { ...leadership, record: recordOf(slice) },
    { kind: "lost", previous: holder, reason: "GroupEnded" },
  );
};

/** `ours`: slices of ours that name the Service, which a read has just not found. */
export const endGone = async (io: Io, key: ObjectKey, ours: readonly KubeObject[]): Promise<PassOutcome> => {
  const { send, context } = io;
  if (ours.length === 0 || context.mode === "observe") return done("ServiceGone");
  // The slices were listed beside the first read: they may be those of a Service that has come since.
  const reading = await readOne(send, SERVICES, key.namespace, key.name);
  if (!reading.ok) return failed(`get Service ${key.name}`, reading.response);
  if (reading.object !== undefined) return restart("the Service has come back");
  for (const raw of ours) {
    const slice = viewSlice(raw, context.clock.serverNow());
    // The one that remembers the holder may be the last that a crash leaves.
    // oxlint-disable-next-line no-await-in-loop
    const stop = await remove(io, slice);
    if (stop !== undefined) return stop;
    announceEnd(io, key, slice);
  }
  return done("ServiceGone");
};
