/**
 * One instance of the function: every event delivers one of its requests, so that anything may happen between a read and its use, and
 * between two writes. It reads as `load.ts` does: the record, then the pods by both LISTs, merged.
 */
import { mergeByUid } from "../../../functions/kit/handover/merge.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { recordDeletion } from "../../../functions/kit/handover/record.ts";
import { getRequest, LEASES, objectOf } from "../../../functions/kit/kube/request.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { outdated } from "../outdated.ts";
import { answersOf, ask } from "./asking.ts";
import { IDLE, type Dropping, type Event, type Local, type Reading } from "./local.ts";
import { EPOCH_ONE, nowOf, teamOf, type Protocol } from "./protocol.ts";
import { enrolledRequest, itemsOf, recordsRequest, selectedRequest } from "./requests.ts";
import { listText, recordText } from "./script.ts";
import { mayBeEdited, respond, type Lock, type Server } from "./server.ts";
import { start, writes } from "./writing.ts";

const UNREAD: Reading = {
  kind: "reading",
  lock: undefined,
  record: undefined,
  alone: false,
  enrolled: undefined,
  selected: undefined,
  word: undefined,
};

/** As `serve` does, the time is taken once everything is read. */
const onwards = (
  protocol: Protocol,
  reading: Reading,
  { now, latest }: { now: number; latest: "enrolled" | "selected" },
): Local => {
  const { lock, record, enrolled, selected, word } = reading;
  const isRead = lock !== undefined && record !== undefined && enrolled !== undefined && selected !== undefined;
  if (!isRead) return reading;
  // Of two copies of the same version either will do; the later LIST has the newer ones.
  const pods = latest === "enrolled" ? mergeByUid(enrolled, selected) : mergeByUid(selected, enrolled);
  return start(protocol, { record, lock, word }, { pods: pods.map(teamOf(protocol, lock).view), now });
};

const readLock = (server: Server): Event => {
  const { lock } = server;
  const text = (): string => `reads the lock: ${server.leaseNames[lock.lease]}`;
  return { server, local: { ...UNREAD, lock }, touched: undefined, text };
};

/** An owner that is never edited is not read. */
const lockOf = (server: Server, { lock }: Reading): Lock => lock ?? server.lock;

const readRecord = (protocol: Protocol, server: Server, reading: Reading): Event => {
  const lock = lockOf(server, reading);
  const { response } = respond(server, getRequest(LEASES, NAMESPACE, teamOf(protocol, lock).leaseName));
  const record = response.status === 200 ? viewRecord(objectOf(response), EPOCH_ONE) : null;
  const alone = record !== null || !mayBeEdited(server);
  const local = onwards(protocol, { ...reading, lock, record, alone }, { now: nowOf(server), latest: "selected" });
  const wished = lock.wish === undefined ? "" : `; wanted: ${lock.wish}`;
  return { server, local, touched: undefined, text: () => `reads the record: ${recordText(record)}${wished}` };
};

/** Without a record: others of the group go first, and then everything is read again (`dropOtherRecords`). */
const readOthers = (protocol: Protocol, server: Server, reading: Reading): Event => {
  const team = teamOf(protocol, lockOf(server, reading));
  const records = itemsOf(server, recordsRequest(protocol, team)).map((lease) => viewRecord(lease, EPOCH_ONE));
  const appeared = records.some(({ name }) => name === team.leaseName);
  const found: Local = appeared ? IDLE : { kind: "dropping", records };
  const local = records.length === 0 ? { ...reading, alone: true } : found;
  const text = (): string => `looks for other records: ${records.map(recordText).join("; ") || "none"}`;
  return { server, local, touched: undefined, text };
};

const drop = (server: Server, { records }: Dropping): readonly Event[] =>
  records.map((record) => {
    const { response, touched, ...answer } = respond(server, recordDeletion(record));
    const rest = records.filter((other) => other !== record);
    const local: Local = rest.length === 0 ? IDLE : { kind: "dropping", records: rest };
    const text = (): string => `deletes Lease ${record.uid}: ${response.status === 200 ? "ok" : "refused"}`;
    const aged = touched === undefined ? local : outdated(local, touched);
    return { server: answer.server, local: aged, touched, text };
  });

const readPods = (
  protocol: Protocol,
  server: Server,
  { reading, which }: { reading: Reading; which: "enrolled" | "selected" | "both" },
): Event => {
  const team = teamOf(protocol, lockOf(server, reading));
  const enrolled = which === "selected" ? reading.enrolled : itemsOf(server, enrolledRequest(protocol, team));
  const selected = which === "enrolled" ? reading.selected : itemsOf(server, selectedRequest(team));
  const local = onwards(
    protocol,
    { ...reading, enrolled, selected },
    { now: nowOf(server), latest: which === "enrolled" ? "enrolled" : "selected" },
  );
  const seen = which === "both" ? "pods" : `${which} pods`;
  const list = which === "enrolled" ? enrolled : selected;
  const text = (): string =>
    `reads the ${seen}: ${listText(protocol.names, (which === "both" ? mergeByUid(selected ?? [], enrolled ?? []) : list) ?? [])}`;
  return { server, local, touched: undefined, text };
};

const reads = (protocol: Protocol, server: Server, reading: Reading): readonly Event[] => {
  const both = { reading, which: "both" as const };
  if (mayBeEdited(server) && reading.lock === undefined) return [readLock(server)];
  if (protocol.podsFirst) {
    return [reading.selected === undefined ? readPods(protocol, server, both) : readRecord(protocol, server, reading)];
  }
  if (reading.record === undefined) return [readRecord(protocol, server, reading)];
  if (!reading.alone) return [readOthers(protocol, server, reading)];
  if (!protocol.splitLists) return [readPods(protocol, server, both)];
  return (["enrolled", "selected"] as const)
    .filter((which) => reading[which] === undefined)
    .map((which) => readPods(protocol, server, { reading, which }));
};

const askFirst = (server: Server): readonly Event[] =>
  answersOf(server).map(({ server: heard, word, text }) => {
    const local: Local = { ...UNREAD, word };
    return { server: heard, local, touched: undefined, text };
  });

const firstOf = (protocol: Protocol, server: Server): readonly Event[] =>
  protocol.asks === "first" ? askFirst(server) : reads(protocol, server, UNREAD);

/** Everything that may happen next to this instance, apart from its death. */
export const eventsOf = (protocol: Protocol, server: Server, local: Local): readonly Event[] => {
  switch (local.kind) {
    case "idle":
      return firstOf(protocol, server);
    case "reading":
      return reads(protocol, server, local);
    case "dropping":
      return drop(server, local);
    case "asking":
      return ask(protocol, server, local);
    case "writing":
      return writes(protocol, server, local);
    case "restoring":
    case "closing":
    case "stripping":
    case "after":
      throw new Error(`instance: got ${local.kind}, which only label mode has`);
  }
};
