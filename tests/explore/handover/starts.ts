/** Where an exploration of the hand-over begins, and where it goes no further. */
import { EPOCH_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { createServer, type Group } from "./faults.ts";
import type { Server } from "./server.ts";

/** More than the faults of any scope here can make necessary. */
const EPOCH_MAX = 24;

/** Young groups that lack up to as many pods as may be created, the first or the last ones. */
export const youngGroups = (group: Group, leaseNames?: readonly string[]): readonly Server[] =>
  Array.from({ length: Math.min(group.faults.create, group.pods - 1) + 1 }, (_, count) => count).flatMap((count) => [
    createServer(group, (slot) => slot < group.pods - count, leaseNames),
    createServer(group, (slot) => slot >= count, leaseNames),
  ]);

export const isBeyond = ({ leases }: Server): boolean =>
  leases.some((lease) => Number(lease?.metadata.annotations?.[EPOCH_ANNOTATION] ?? 0) > EPOCH_MAX);
