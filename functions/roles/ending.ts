/** Ends a checker's group: when the checker is deleted, and when it names another StatefulSet than the one of its record. */
import type { Io } from "../kit/context.ts";
import { hasFinalizer } from "../kit/finalizers.ts";
import { announce } from "../kit/group/announce.ts";
import { release } from "../kit/group/claim.ts";
import { closeGroup } from "../kit/group/ending.ts";
import { dropRecord } from "../kit/group/records.ts";
import { logged } from "../kit/group/subject.ts";
import type { RecordView } from "../kit/handover/model.ts";
import { done, restart, type PassOutcome } from "../kit/outcome.ts";
import type { SetView } from "../kit/pods/stateful-set.ts";
import { servedBefore, type Reach } from "./admit.ts";
import { ROLES } from "./labels.ts";
import type { Owner } from "./load.ts";
import { claimOf, ownerOf, type CheckerView } from "./model.ts";
import { endFormerGroup } from "./orphans.ts";
import { checkerPorts } from "./ports.ts";

interface OldGroup {
  readonly group: string;
  readonly record: RecordView | undefined;
  /** Members count too where the StatefulSet still exists: they may carry labels of the replaced operator. */
  readonly set: SetView | undefined;
}

/** Undefined: ended. Whoever led the group does not any more. */
const endOld = async (
  io: Io,
  checker: CheckerView,
  { group, record, set }: OldGroup,
): Promise<PassOutcome | undefined> => {
  const ports = checkerPorts(io, checker, { set, group });
  const epochSeen = checker.status.epoch ?? 0;
  const stop = await closeGroup(io, { names: ROLES, ports, record, selector: set?.selector, epochSeen });
  if (stop === undefined && record?.holder !== undefined) {
    const leadership = { subject: ownerOf(checker), feature: ROLES.feature, group, record };
    announce(io.context, leadership, { kind: "lost", previous: record.holder, reason: "GroupEnded" });
  }
  return stop;
};

/**
 * Frees the checker's record from a group that it does not serve any more. Where another checker stands for that group only the record
 * goes, so that the group keeps its leader; otherwise the group ends.
 */
export const endPrevious = async (io: Io, { checker, reading }: Owner, reach: Reach): Promise<PassOutcome> => {
  if (io.context.mode === "observe") return done("ObserveMode");
  if (reading.kind !== "ours") return restart("the record changed");
  const { group, record } = reading;
  const outcome = await endFormerGroup(io, { namespace: checker.setNamespace, group }, reach);
  if (outcome.kind !== "done") return outcome;
  return (await dropRecord(io, record)) ?? restart(`the old record ${record.name} is gone`);
};

/** What a checker that is being deleted has to end: its record's group, or the set's pods where there is no record. */
const groupToEnd = ({ set, reading }: Owner): OldGroup | undefined => {
  if (reading.kind === "ours") {
    const { group, record } = reading;
    return { group, record, set: set?.uid === group ? set : undefined };
  }
  return set === undefined ? undefined : { group: set.uid, record: undefined, set };
};

/** Undefined: ended. An older checker on the same StatefulSet keeps its group. */
const endOwn = async (io: Io, owner: Owner, reach: Reach): Promise<PassOutcome | undefined> => {
  const { checker, reading } = owner;
  if (servedBefore({ ...owner, reach }) !== undefined) {
    return reading.kind === "ours" ? dropRecord(io, reading.record) : undefined;
  }
  const ending = groupToEnd(owner);
  return ending === undefined ? undefined : endOld(io, checker, ending);
};

/** A deleted checker: nobody leads, labels go, our Lease goes, the finalizer last. */
export const endChecker = async (io: Io, owner: Owner, reach: Reach): Promise<PassOutcome> => {
  const { checker } = owner;
  if (!hasFinalizer(checker.metadata, claimOf(checker).finalizer) || io.context.mode === "observe") {
    return done("CheckerDeleted");
  }
  const stop = (await endOwn(io, owner, reach)) ?? (await release(io, claimOf(checker)));
  if (stop !== undefined) return stop;
  io.context.log.info("checker ended", logged(ownerOf(checker)));
  return done("CheckerDeleted");
};
