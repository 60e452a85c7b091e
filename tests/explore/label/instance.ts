/**
 * One instance of the function over a group of label mode: it reads as `functions/standby/load.ts` does, gives selectors back and ends groups as
 * `pass.ts` and `ending.ts` do, hands over as every feature does, and leads the Service to the active pod as `cut-over.ts` does.
 */
import { mergeByUid } from "../../../functions/kit/handover/merge.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import { enrolmentLabel, tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import type { RecordChange } from "../../../functions/kit/handover/plan.ts";
import { recordDeletion, recordRequest } from "../../../functions/kit/handover/record.ts";
import { getRequest, LEASES, objectOf, patchRequest, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ORIGINAL_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import { groupOf, groupOfService, isEdited, isFormer } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { IDLE, type Event, type Local, type Reading, type StandbyLocal } from "../handover/local.ts";
import { EPOCH_ONE, nowOf, teamOf, type Team } from "../handover/protocol.ts";
import { enrolledRequest, itemsOf, recordsRequest, selectedRequest } from "../handover/requests.ts";
import { listText, recordText, recordWriteText } from "../handover/script.ts";
import { respond, type Lock, type Server } from "../handover/server.ts";
import { recordSpec, start, startEnd, writes } from "../handover/writing.ts";
import { after, noticeEvent } from "./after.ts";
import type { LabelProtocol } from "./protocol.ts";
import { mayGoOn, newsOf } from "./pause.ts";
import { isOwned, SERVICE, serviceOf, viewOf } from "./world.ts";

type Restoring = Extract<StandbyLocal, { kind: "restoring" }>;
type Closing = Extract<StandbyLocal, { kind: "closing" }>;
type Stripping = Extract<StandbyLocal, { kind: "stripping" }>;

const UNREAD: Omit<Reading, "lock"> = {
  kind: "reading",
  record: undefined,
  alone: true,
  enrolled: undefined,
  selected: undefined,
  word: undefined,
};

/** Selectors that were extended for this group, and are not to be any more. */
const isToRestore = (lock: Lock, { group }: Team): boolean => {
  if (lock.service === undefined) return false;
  const view = viewOf(lock.service);
  const own = groupOfService(view);
  return isEdited(view) ? own === group || groupOf(view.kept ?? {}) === group : isFormer(view) && own === group;
};

/** Service and record are read: as `passOnce` goes on. */
const onwards = (protocol: LabelProtocol, reading: Reading): Local => {
  const { lock, record } = reading;
  if (lock?.service === undefined || record === undefined) return reading;
  const team = teamOf(protocol, lock);
  if (protocol.restoresFirst && isToRestore(lock, team)) return { kind: "restoring", lock };
  if (isOwned(lock.service, team.group)) return reading;
  return { kind: "closing", lock, stage: "look", news: undefined, record: undefined };
};

const readService = (
  protocol: LabelProtocol,
  server: Server,
  { reading, lock }: { reading: Reading; lock: Lock },
): Event => {
  const service = serviceOf(server);
  return {
    server,
    local: onwards(protocol, { ...reading, lock: { ...lock, service } }),
    touched: undefined,
    text: () => `reads the Service for group ${lock.lease}: ${Object.keys(viewOf(service).selector).join(" and ")}`,
  };
};

const readRecord = (
  protocol: LabelProtocol,
  server: Server,
  { reading, lock }: { reading: Reading; lock: Lock },
): Event => {
  const { response } = respond(server, getRequest(LEASES, NAMESPACE, teamOf(protocol, lock).leaseName));
  const record = response.status === 200 ? viewRecord(objectOf(response), EPOCH_ONE) : null;
  return {
    server,
    local: onwards(protocol, { ...reading, lock, record }),
    touched: undefined,
    text: () => `reads the record of group ${lock.lease}: ${recordText(record)}`,
  };
};

/** Pods that are another group's are not ours before it has ended, where this one has no record yet. */
const readPods = (protocol: LabelProtocol, server: Server, { record, lock }: Reading): Event => {
  if (lock === undefined || record === undefined) throw new Error("pods are read before the record");
  const team = teamOf(protocol, lock);
  const found = mergeByUid(itemsOf(server, selectedRequest(team)), itemsOf(server, enrolledRequest(protocol, team)));
  const pods = found.map(team.view);
  const ours = pods.filter((pod) => pod.member || pod.group === team.group);
  const others = pods.filter((pod) => !ours.includes(pod) && pod.group !== undefined);
  const isTaken = record === null && others.length > 0;
  return {
    server,
    local: isTaken ? IDLE : start(protocol, { record, lock, word: undefined }, { pods: ours, now: nowOf(server) }),
    touched: undefined,
    text: () => `reads the pods: ${listText(ROLES, found)}`,
  };
};

const reads = (protocol: LabelProtocol, server: Server, reading: Reading): readonly Event[] => {
  const { lock, record } = reading;
  if (lock === undefined) return [];
  const isRead = lock.service !== undefined && record !== undefined;
  if (isRead) return [readPods(protocol, server, reading)];
  return [
    ...(lock.service === undefined ? [readService(protocol, server, { reading, lock })] : []),
    ...(record === undefined ? [readRecord(protocol, server, { reading, lock })] : []),
  ];
};

const restore = (server: Server, { lock }: Restoring): readonly Event[] => {
  if (lock.service === undefined) return [];
  const isKeyed = ROLES.roleLabel in viewOf(lock.service).selector;
  const body = {
    metadata: { annotations: { [ORIGINAL_ANNOTATION]: null } },
    ...(isKeyed ? { spec: { selector: { [ROLES.roleLabel]: null } } } : {}),
  };
  const patch = patchRequest(SERVICES, { namespace: NAMESPACE, on: { ...lock.service.metadata, name: SERVICE } }, body);
  const { response, ...answer } = respond(server, patch);
  const text = (): string => `gives the selector back: ${response.status === 200 ? "ok" : "somebody was faster"}`;
  return [{ ...answer, local: IDLE, text }];
};

const look = (protocol: LabelProtocol, server: Server, closing: Closing): Event => {
  const team = teamOf(protocol, closing.lock);
  const records = itemsOf(server, recordsRequest(protocol, team));
  const enrolled = itemsOf(server, enrolledRequest(protocol, team));
  const { service } = closing.lock;
  const matchLabels = service === undefined ? {} : viewOf(service).original;
  const finds = enrolled.some(({ metadata }) => selects({ matchLabels }, metadata.labels));
  const pauses = finds && protocol.pausesAtEnd;
  const news = pauses ? newsOf(server, "news of the Service") : undefined;
  const isNothing = records.length + enrolled.length === 0;
  return {
    server,
    local: isNothing ? IDLE : { ...closing, stage: pauses ? "pause" : "records", news },
    touched: undefined,
    text: () => `looks for what is left of group ${closing.lock.lease}: ${isNothing ? "nothing" : "something"}`,
  };
};

const NOBODYS: RecordChange = {
  previous: undefined,
  holder: undefined,
  epoch: 1,
  leaseTransitions: 0,
  acquires: false,
};

/** Of a group without a record. */
const countEnrolled = (protocol: LabelProtocol, server: Server, closing: Closing): Event => {
  const enrolled = itemsOf(server, enrolledRequest(protocol, teamOf(protocol, closing.lock)));
  return {
    server,
    local: { ...closing, stage: enrolled.length === 0 ? "pods" : "make" },
    touched: undefined,
    text: () => `reads the pods that are enrolled without a record: ${listText(ROLES, enrolled)}`,
  };
};

/** What is left ends under a record. */
const makeRecord = (protocol: LabelProtocol, server: Server, closing: Closing): Event => {
  const spec = recordSpec(protocol, closing.lock);
  const { response, ...answer } = respond(server, recordRequest(spec, NOBODYS, EPOCH_ONE));
  const local: Local = response.status === 201 ? IDLE : { ...closing, stage: "taken" };
  return { ...answer, local, text: () => recordWriteText(NOBODYS, response) };
};

/** It is nobody's else here. */
const readTaken = (protocol: LabelProtocol, server: Server, closing: Closing): Event => {
  const { leaseName } = teamOf(protocol, closing.lock);
  const { response } = respond(server, getRequest(LEASES, NAMESPACE, leaseName));
  const record = response.status === 200 ? viewRecord(objectOf(response), EPOCH_ONE) : undefined;
  return {
    server,
    local: record === undefined ? IDLE : { ...closing, stage: "pods", record },
    touched: undefined,
    text: () => `reads the record of group ${closing.lock.lease} that appeared: ${recordText(record ?? null)}`,
  };
};

const readRecords = (protocol: LabelProtocol, server: Server, closing: Closing): Event => {
  const [lease] = itemsOf(server, recordsRequest(protocol, teamOf(protocol, closing.lock)));
  const record = lease === undefined ? undefined : viewRecord(lease, EPOCH_ONE);
  const isMade = record !== undefined || !protocol.endsUnderRecord;
  return {
    server,
    local: { ...closing, stage: isMade ? "pods" : "count", news: undefined, record },
    touched: undefined,
    text: () => `reads the record that is to end: ${recordText(record ?? null)}`,
  };
};

const readEnrolled = (protocol: LabelProtocol, server: Server, { lock, record }: Closing): Event => {
  const team = teamOf(protocol, lock);
  const enrolled = itemsOf(server, enrolledRequest(protocol, team));
  return {
    server,
    local: startEnd(protocol, { record: record ?? null, lock }, { pods: enrolled.map(team.view), now: nowOf(server) }),
    touched: undefined,
    text: () => `reads the enrolled pods: ${listText(ROLES, enrolled)}`,
  };
};

const close = (protocol: LabelProtocol, server: Server, closing: Closing): readonly Event[] => {
  switch (closing.stage) {
    case "look":
      return [look(protocol, server, closing)];
    case "pause":
      return mayGoOn(server, closing.news) ? [readRecords(protocol, server, closing)] : [];
    case "records":
      return [readRecords(protocol, server, closing)];
    case "count":
      return [countEnrolled(protocol, server, closing)];
    case "make":
      return [makeRecord(protocol, server, closing)];
    case "taken":
      return [readTaken(protocol, server, closing)];
    case "pods":
      return [readEnrolled(protocol, server, closing)];
  }
};

const BARE = {
  metadata: {
    labels: { [ROLES.roleLabel]: null, [enrolmentLabel(ROLES.feature)]: null },
    annotations: { [tokenAnnotation(ROLES.feature)]: null },
  },
};

const stripped = (stripping: Stripping): Local => {
  const { pods, record, stale } = stripping;
  return pods.length === 0 && (stale || record === undefined) ? IDLE : stripping;
};

/** The labels of all pods at once, and then the record. */
const strip = (server: Server, stripping: Stripping): readonly Event[] => {
  const { pods, record } = stripping;
  if (stripping.notice && record !== undefined) {
    return [noticeEvent(server, record, (isNoticed) => (isNoticed ? { ...stripping, notice: false } : IDLE))];
  }
  if (pods.length === 0 && record !== undefined) {
    const { response, ...answer } = respond(server, recordDeletion(record));
    const text = (): string => `deletes Lease ${record.uid}: ${response.status === 200 ? "ok" : "refused"}`;
    return [{ ...answer, local: IDLE, text }];
  }
  return pods.map((pod: Candidate) => {
    const { response, ...answer } = respond(server, patchRequest(PODS, { namespace: NAMESPACE, on: pod }, BARE));
    const stale = stripping.stale || response.status === 409;
    const rest = pods.filter((other) => other !== pod);
    const local = stripped({ kind: "stripping", record, notice: false, pods: rest, stale });
    const text = (): string => `takes the labels off ${pod.uid}: ${response.status === 200 ? "ok" : "refused"}`;
    return { server: answer.server, local, touched: answer.touched, text };
  });
};

/** Everything that may happen next to this instance, apart from its death. A run is for one of the groups. */
export const labelEventsOf = (protocol: LabelProtocol, server: Server, local: Local): readonly Event[] => {
  switch (local.kind) {
    case "idle":
      return server.leases.flatMap((_, lease) =>
        reads(protocol, server, { ...UNREAD, lock: { lease, generation: 0, wish: undefined } }),
      );
    case "reading":
      return reads(protocol, server, local);
    case "restoring":
      return restore(server, local);
    case "closing":
      return close(protocol, server, local);
    case "stripping":
      return strip(server, local);
    case "after":
      return after(protocol, server, local);
    case "writing":
      return writes(protocol, server, local);
    case "asking":
    case "dropping":
      throw new Error(`instance: got ${local.kind}, which label mode does not have`);
  }
};
