/** After a hand-over: leavers are let go, and the Service is led to the active pod once the controller must have heard of it. */
import { disqualification } from "../../../functions/kit/handover/choose.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import { getRequest, objectOf, patchRequest, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { ORIGINAL_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import { leaversOf, release } from "../../../functions/standby/leavers.ts";
import { isExtended, isNarrowed, selectorJson } from "../../../functions/standby/model.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { IDLE, type Cut, type Event, type Local, type StandbyLocal, type Writing } from "../handover/local.ts";
import { teamOf } from "../handover/protocol.ts";
import { isReady } from "../handover/script.ts";
import { podOf, respond, type Lock, type Server } from "../handover/server.ts";
import { CURRENT } from "../outdated.ts";
import type { Breach } from "../system.ts";
import { mayGoOn, newsOf } from "./pause.ts";
import type { LabelProtocol } from "./protocol.ts";
import { sightOf, viewOf } from "./world.ts";

type After = Extract<StandbyLocal, { kind: "after" }>;

const orIdle = (after: After): Local => (after.leavers.length === 0 && after.cut === undefined ? IDLE : after);

/** `active` undefined: nobody is moved; then only how a narrowed selector was before is written down. */
const cutFor = ({ service }: Lock, active: Candidate | undefined): Cut | undefined => {
  if (service === undefined) return undefined;
  const view = viewOf(service);
  const isPending = !isExtended(view) && (active !== undefined || isNarrowed(view));
  return isPending ? { active, stage: active === undefined ? "extend" : "begin", news: undefined } : undefined;
};

/** What label mode does when a hand-over, a repair or an end has nothing left to write. `notices`: the record is written before pods lose their enrolment. */
export const goOn =
  ({ teams, notices }: Pick<LabelProtocol, "teams"> & { readonly notices: boolean }) =>
  ({ stage, lock, target, progress }: Omit<Writing, "replies">): Local => {
    const { pods, record } = progress.observed;
    const { group } = teamOf({ teams }, lock);
    if (stage === "end") {
      const marked = pods.filter(({ role, group: own, token }) => (role ?? own ?? token) !== undefined);
      const ours = marked.filter((pod) => pod.group === undefined || pod.group === group);
      if (ours.length === 0 && record === undefined) return IDLE;
      return { kind: "stripping", record, notice: notices && record !== undefined, pods: ours, stale: false };
    }
    const active = target.kind === "pod" ? pods.find(({ uid }) => uid === target.uid) : undefined;
    // Whether or not anybody can be active here.
    const leavers = leaversOf({ group, record, pods });
    const notice = leavers.length > 0 && notices ? record : undefined;
    return orIdle({ kind: "after", lock, leavers, notice, cut: cutFor(lock, active) });
  };

/** The write changes nothing that anybody reads, only the version; and nothing where the record has changed. */
export const noticeEvent = (server: Server, record: RecordView, after: (isNoticed: boolean) => Local): Event => {
  const isNoticed = record.resourceVersion === CURRENT;
  return {
    server,
    local: after(isNoticed),
    touched: isNoticed ? record.uid : undefined,
    text: () =>
      `writes Lease ${record.uid} before pods lose their enrolment: ${isNoticed ? "ok" : "somebody was faster"}`,
  };
};

const letGo = (server: Server, after: After): readonly Event[] =>
  after.leavers.map((pod) => {
    const { response, ...answer } = respond(server, release(pod));
    const leavers = after.leavers.filter((other) => other !== pod);
    const text = (): string => `lets ${pod.uid} go: ${response.status === 200 ? "ok" : "refused"}`;
    return { ...answer, local: orIdle({ ...after, leavers }), text };
  });

/**
 * G: who extends leads the Service to a pod of which the controller has heard that it is active; unless that pod has changed since it was last
 * looked at, which makes it a fail-over.
 */
const judgeExtension = (server: Server, active: Candidate | undefined): readonly Breach[] => {
  if (active?.resourceVersion !== CURRENT) return [];
  const pod = podOf(server, active.uid);
  if (pod === undefined || !isReady(pod) || sightOf(server).active.includes(active.uid)) return [];
  const text = `the Service asks for the active pod, and the controller has not heard that ${active.uid} is`;
  return [{ invariant: "G", text }];
};

const extend = (server: Server, after: After, { active }: Cut): Event => {
  const { service } = after.lock;
  if (service === undefined) throw new Error("extend: the Service was not read");
  const body = {
    metadata: { annotations: { [ORIGINAL_ANNOTATION]: selectorJson(viewOf(service).original) } },
    spec: { selector: { [ROLES.roleLabel]: ROLES.leader } },
  };
  const { response, ...answer } = respond(
    server,
    patchRequest(SERVICES, { namespace: NAMESPACE, on: service.metadata }, body),
  );
  const isDone = response.status === 200;
  return {
    ...answer,
    local: orIdle({ ...after, cut: undefined }),
    breaches: isDone ? judgeExtension(server, active) : [],
    text: () => `extends the selector: ${isDone ? "ok" : "somebody was faster"}`,
  };
};

const confirm = (protocol: LabelProtocol, server: Server, after: After, active: Candidate): Event => {
  const { view, group } = teamOf(protocol, after.lock);
  const { response } = respond(server, getRequest(PODS, NAMESPACE, active.name));
  const pod = response.status === 200 ? view(objectOf(response)) : undefined;
  const isSame = pod?.uid === active.uid && pod.role === ROLES.leader && pod.token === active.token;
  const stays = isSame && disqualification(pod, group) === undefined;
  return {
    server,
    local: orIdle({ ...after, cut: stays ? { active: pod, stage: "extend", news: undefined } : undefined }),
    touched: undefined,
    text: () => `looks at ${active.uid} again: ${stays ? "still active" : "not active any more"}`,
  };
};

const cutOver = (protocol: LabelProtocol, server: Server, after: After, cut: Cut): readonly Event[] => {
  const { active } = cut;
  if (cut.stage === "extend" || active === undefined) return [extend(server, after, cut)];
  if (cut.stage === "pause") return mayGoOn(server, cut.news) ? [confirm(protocol, server, after, active)] : [];
  // What was written three seconds before it was read was heard long since; of one that has changed since then nobody can tell any more.
  const isHeard = sightOf(server).active.includes(active.uid) || active.resourceVersion !== CURRENT;
  const isOld = !protocol.pauses || isHeard;
  const paused: Cut = { active, stage: "pause", news: newsOf(server, "news of pods") };
  const pause: Event = {
    server,
    local: { ...after, cut: paused },
    touched: undefined,
    text: () => "waits for the watches",
  };
  return [...(isOld ? [extend(server, after, cut)] : []), ...(protocol.pauses ? [pause] : [])];
};

export const after = (protocol: LabelProtocol, server: Server, local: After): readonly Event[] => {
  if (local.notice !== undefined) {
    return [noticeEvent(server, local.notice, (isNoticed) => (isNoticed ? { ...local, notice: undefined } : IDLE))];
  }
  if (local.leavers.length > 0) return letGo(server, local);
  return local.cut === undefined ? [] : cutOver(protocol, server, local, local.cut);
};
