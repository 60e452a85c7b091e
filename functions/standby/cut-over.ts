/**
 * The writes to Services: their selectors ask for the active pod once there is one, and no more when active/standby ends. Neither may
 * empty the Service on the way. The EndpointSlice controller reads Services and pods through two watches, so what was written to the one
 * is given a moment to get there before what relies on it is written to the other.
 */
import type { Io } from "../kit/context.ts";
import { conclude } from "../kit/group/report.ts";
import { changed } from "../kit/group/subject.ts";
import { disqualification } from "../kit/handover/choose.ts";
import { readOne } from "../kit/kube/read.ts";
import { patchRequest, PODS, SERVICES, type PatchBody } from "../kit/kube/request.ts";
import { classify } from "../kit/kube/status-class.ts";
import { done, failed, restart, unfinishedBy, type PassOutcome } from "../kit/outcome.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import type { Notice } from "../kit/recorder.ts";
import type { Standing } from "./decide.ts";
import { ORIGINAL_ANNOTATION, ROLES } from "./labels.ts";
import { SELECTOR_WRITES, seriesOf } from "./metrics.ts";
import { isExtended, selectorJson, subjectOf, viewStandbyPod, type ServiceView } from "./model.ts";
import { isWrittenWithin } from "./written.ts";

/** For a watch to deliver what was written. */
export const DELIVERY_MS = 1_000;
/** A watch may not have delivered what was written since; generously, because it is known to a second or two. */
const FRESH_MS = 3_000;

const KEY = `${ROLES.roleLabel}=${ROLES.leader}`;

type Kind = "extended" | "restored";

interface Change {
  readonly kind: Kind;
  readonly body: PatchBody;
  readonly note: string;
}

const extension = (service: ServiceView): Change => ({
  kind: "extended",
  body: {
    metadata: { annotations: { [ORIGINAL_ANNOTATION]: selectorJson(service.original) } },
    spec: { selector: { [ROLES.roleLabel]: ROLES.leader } },
  },
  note: `the selector asks for ${KEY}, too: the Service leads to the active pod`,
});

/** A selector without our key stays as it is: a patch would write an empty one where there is none. */
const restoration = ({ selector }: ServiceView): Change => ({
  kind: "restored",
  body: {
    metadata: { annotations: { [ORIGINAL_ANNOTATION]: null } },
    ...(ROLES.roleLabel in selector ? { spec: { selector: { [ROLES.roleLabel]: null } } } : {}),
  },
  note: `the selector does not ask for ${KEY} any more: the Service leads to all of its pods`,
});

const noticeOf = ({ kind, note }: Change): Notice => ({
  type: "Normal",
  reason: kind === "extended" ? "SelectorExtended" : "SelectorRestored",
  action: "Route",
  note,
});

/** Undefined: written, or there is nothing to write to. */
const write = async (io: Io, service: ServiceView, change: Change): Promise<PassOutcome | undefined> => {
  const subject = subjectOf(service);
  const tell = (notice: Notice, outcome: PassOutcome): Promise<PassOutcome> =>
    conclude(io, { subject, notices: [notice], status: undefined }, outcome);
  const patch = patchRequest(SERVICES, { namespace: service.namespace, on: service.metadata }, change.body);
  const response = await io.send(patch);
  const verdict = classify(response);
  if (verdict === "gone") return undefined;
  if (verdict === "stale") return restart(changed(subject));
  if (verdict === "ok") {
    io.context.metrics.count(SELECTOR_WRITES, { ...seriesOf(service), kind: change.kind });
    await tell(noticeOf(change), done(change.kind));
    return undefined;
  }
  const doing = `write the selector of Service ${service.name}`;
  const unfinished = unfinishedBy({ doing, response });
  if (unfinished === undefined) return undefined;
  const { reason, message: note } = unfinished;
  return tell({ type: "Warning", reason, action: "Route", note }, failed(doing, response));
};

const writeAll = async (
  io: Io,
  services: readonly ServiceView[],
  changeOf: (service: ServiceView) => Change,
): Promise<PassOutcome | undefined> => {
  const outcomes = await Promise.all(services.map((service) => write(io, service, changeOf(service))));
  return outcomes.find((outcome) => outcome !== undefined);
};

/** For Services whose selector asks for the active pod already, or of whose active pod the caller is sure. Undefined: done. */
export const extend = (io: Io, services: readonly ServiceView[]): Promise<PassOutcome | undefined> =>
  writeAll(
    io,
    services.filter((service) => !isExtended(service)),
    extension,
  );

/** Undefined: done. */
export const restore = (io: Io, services: readonly ServiceView[]): Promise<PassOutcome | undefined> =>
  writeAll(io, services, restoration);

/** What is decided next is decided on Services as they are then. Undefined: there is nothing to restore, or this mode writes nothing. */
export const restoreFirst = async (io: Io, services: readonly ServiceView[]): Promise<PassOutcome | undefined> => {
  if (services.length === 0 || io.context.mode === "observe") return undefined;
  return (await restore(io, services)) ?? restart("selectors were restored");
};

/** The active pod as it is now still is, and can serve. */
const isConfirmed = async ({ context, send }: Io, standing: Standing, active: Candidate): Promise<boolean> => {
  const reading = await readOne(send, PODS, active.namespace, active.name);
  if (!reading.ok || reading.object === undefined) return false;
  const pod = viewStandbyPod(reading.object, standing, context.clock.serverNow());
  const isSame = pod.uid === active.uid && pod.role === ROLES.leader && pod.token === active.token;
  return isSame && disqualification(pod, standing.group) === undefined;
};

/** The Services of the group lead to the active pod, which is settled. Undefined: they do. */
export const cutOver = async (io: Io, standing: Standing, active: Candidate): Promise<PassOutcome | undefined> => {
  const pending = standing.owners.filter((service) => !isExtended(service));
  if (pending.length === 0) return undefined;
  const { clock } = io.context;
  if (isWrittenWithin(active.raw.metadata, FRESH_MS, clock.serverNow())) {
    await clock.sleep(DELIVERY_MS);
    if (!(await isConfirmed(io, standing, active))) return restart("the active pod changed before the cut-over");
  }
  return extend(io, pending);
};
