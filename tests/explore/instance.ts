/**
 * One instance of the function: every event delivers one of its requests, so that anything may happen between a read and its use, and
 * between two writes. It reads as `load.ts` does: the record, then the pods by both LISTs, merged.
 */
import { ROLES } from "../../functions/election/labels.ts";
import { mergeByUid } from "../../functions/kit/handover/merge.ts";
import { viewRecord } from "../../functions/kit/handover/model.ts";
import { recordDeletion, recordSelector } from "../../functions/kit/handover/record.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  PODS,
  type KubeRequest,
} from "../../functions/kit/kube/request.ts";
import { selectorText } from "../../functions/kit/selector.ts";
import { NAMESPACE, SET_UID, THE_SET } from "../unit/support/builders.ts";
import { IDLE, type Dropping, type Event, type Local, type Reading } from "./local.ts";
import { EPOCH_ONE, type Protocol } from "./protocol.ts";
import { listText, recordText } from "./script.ts";
import { ENROLLED, LEASE_NAMES, mayBeEdited, outdated, respond, type Server, type ServerClock } from "./server.ts";
import { start, writes } from "./writing.ts";

const UNREAD: Reading = {
  kind: "reading",
  lock: undefined,
  record: undefined,
  alone: false,
  enrolled: undefined,
  selected: undefined,
};

/** As `serve` does, the time is taken once everything is read. */
const onwards = (
  protocol: Protocol,
  reading: Reading,
  { clock, latest }: { clock: ServerClock; latest: "enrolled" | "selected" },
): Local => {
  const { lock, record, enrolled, selected } = reading;
  const isRead = lock !== undefined && record !== undefined && enrolled !== undefined && selected !== undefined;
  if (!isRead) return reading;
  // Of two copies of the same version either will do; the later LIST has the newer ones.
  const pods = latest === "enrolled" ? mergeByUid(enrolled, selected) : mergeByUid(selected, enrolled);
  return start(protocol, { record, lock }, { pods: pods.map(protocol.view), now: EPOCH_ONE + clock.second * 1000 });
};

const SELECTED = listRequest(PODS, { namespace: NAMESPACE, labelSelector: selectorText(THE_SET.selector) });

const OTHERS = listRequest(LEASES, { namespace: NAMESPACE, labelSelector: recordSelector(ROLES.feature, SET_UID) });

const itemsOf = (server: Server, request: KubeRequest): readonly KubeObject[] =>
  listOf(respond(server, request).response).items;

const readLock = (server: Server): Event => {
  const { lock } = server;
  const text = (): string => `reads the lock: ${LEASE_NAMES[lock.lease]}`;
  return { server, local: { ...UNREAD, lock }, touched: undefined, text };
};

const readRecord = (protocol: Protocol, server: Server, reading: Reading): Event => {
  const lock = reading.lock ?? server.lock;
  const { response } = respond(server, getRequest(LEASES, NAMESPACE, LEASE_NAMES[lock.lease] ?? ""));
  const record = response.status === 200 ? viewRecord(objectOf(response), EPOCH_ONE) : null;
  const alone = record !== null || !mayBeEdited(server);
  const local = onwards(protocol, { ...reading, lock, record, alone }, { clock: server.clock, latest: "selected" });
  const wished = lock.wish === undefined ? "" : `; wanted: ${lock.wish}`;
  return { server, local, touched: undefined, text: () => `reads the record: ${recordText(record)}${wished}` };
};

/** Without a record: others of the group go first, and then everything is read again (`dropOtherRecords`). */
const readOthers = (server: Server, reading: Reading): Event => {
  const records = itemsOf(server, OTHERS).map((lease) => viewRecord(lease, EPOCH_ONE));
  const appeared = records.some(({ name }) => name === LEASE_NAMES[reading.lock?.lease ?? 0]);
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
  const enrolled = which === "selected" ? reading.enrolled : itemsOf(server, ENROLLED);
  const selected = which === "enrolled" ? reading.selected : itemsOf(server, SELECTED);
  const local = onwards(
    protocol,
    { ...reading, enrolled, selected },
    { clock: server.clock, latest: which === "enrolled" ? "enrolled" : "selected" },
  );
  const seen = which === "both" ? "pods" : `${which} pods`;
  const list = which === "enrolled" ? enrolled : selected;
  const text = (): string =>
    `reads the ${seen}: ${listText((which === "both" ? mergeByUid(selected ?? [], enrolled ?? []) : list) ?? [])}`;
  return { server, local, touched: undefined, text };
};

const reads = (protocol: Protocol, server: Server, reading: Reading): readonly Event[] => {
  const both = { reading, which: "both" as const };
  if (mayBeEdited(server) && reading.lock === undefined) return [readLock(server)];
  if (protocol.podsFirst) {
    return [reading.selected === undefined ? readPods(protocol, server, both) : readRecord(protocol, server, reading)];
  }
  if (reading.record === undefined) return [readRecord(protocol, server, reading)];
  if (!reading.alone) return [readOthers(server, reading)];
  if (!protocol.splitLists) return [readPods(protocol, server, both)];
  return (["enrolled", "selected"] as const)
    .filter((which) => reading[which] === undefined)
    .map((which) => readPods(protocol, server, { reading, which }));
};

/** Everything that may happen next to this instance, apart from its death. */
export const eventsOf = (protocol: Protocol, server: Server, local: Local): readonly Event[] => {
  switch (local.kind) {
    case "idle":
      return reads(protocol, server, UNREAD);
    case "reading":
      return reads(protocol, server, local);
    case "dropping":
      return drop(server, local);
    case "writing":
      return writes(protocol, server, local);
  }
};
