/**
 * The explored flow of label mode, written again in `instance.ts` and `after.ts`, held against the shipped one (`functions/standby`: `load.ts`,
 * `pass.ts`, `serve.ts`, `leavers.ts`, `cut-over.ts` and `ending.ts`), whatever comes in between.
 */
import { vi } from "vitest";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { OWNER_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { ownerText } from "../../../functions/kit/handover/record.ts";
import { keyText } from "../../../functions/kit/keys.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  EVENTS,
  FIELD_MANAGER,
  getRequest,
  LEASES,
  listRequest,
  PODS,
  SERVICES,
  type KubeRequest,
  type KubeResponse,
  type PatchBody,
} from "../../../functions/kit/kube/request.ts";
import { createStandby } from "../../../functions/standby/feature.ts";
import { RELEASED_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import { STANDBY_METRICS } from "../../../functions/standby/metrics.ts";
import { LOCK_NAME, LOCK_UID, NAMESPACE } from "../../unit/support/builders.ts";
import type * as api from "../api.ts";
import { textOf } from "../hearing.ts";
import { STALE, testSideBySide } from "../comparison.ts";
import { disturbancesBy } from "../place.ts";
import { beside, contextOf, SLEEPS, type Flow } from "../side-by-side.ts";
import { NO_FAULTS, type Group } from "../handover/faults.ts";
import { IDLE, type Local } from "../handover/local.ts";
import { EPOCH_ONE, teamOf } from "../handover/protocol.ts";
import { respond, type Server } from "../handover/server.ts";
import { labelEventsOf } from "./instance.ts";
import { LABEL_VARIANTS, labelProtocolOf, type LabelVariant } from "./protocol.ts";
import { labelSystem } from "./system.ts";
import { isOwned, SERVICE, SERVICE_UID, serviceOf, sightOf } from "./world.ts";

vi.mock("../api.ts", async (original) => {
  const { hearing } = await import("../hearing.ts");
  return hearing(await original<typeof api>());
});

const FAULTS = {
  ...NO_FAULTS,
  ready: 3,
  create: 1,
  delete: 1,
  replace: 1,
  move: 4,
  lease: 1,
  mode: 3,
  unkey: 2,
  edit: 3,
};
const GROUP: Group = { pods: 3, faults: FAULTS, clockMoves: false };

const LISTS_SERVICES = textOf(listRequest(SERVICES, { namespace: NAMESPACE }));
const READS_THE_SERVICE = textOf(getRequest(SERVICES, NAMESPACE, SERVICE));
const NOTICE = "writes the record before pods are let go";

/** Whom the explored records name as their owner, and the Service, which the run expects there: nothing but a renewal follows from it. */
const EXPLORED_OWNER = ownerText({ namespace: NAMESPACE, name: LOCK_NAME, uid: LOCK_UID });
const OWNER = ownerText({ namespace: NAMESPACE, name: SERVICE, uid: SERVICE_UID });

const annotationsIn = (object: unknown): Readonly<Record<string, unknown>> | undefined =>
  (object as { readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> } } | undefined)?.metadata
    ?.annotations;

const ownedBy = <T>(object: T, owner: string): T => {
  const annotations = annotationsIn(object);
  if (annotations?.[OWNER_ANNOTATION] === undefined) return object;
  const { metadata } = object as unknown as KubeObject;
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [OWNER_ANNOTATION]: owner } } };
};

const isNotice = ({ resource, body }: KubeRequest): boolean =>
  resource === LEASES && annotationsIn(body)?.[RELEASED_ANNOTATION] !== undefined;

const known = (request: KubeRequest): KubeRequest => ({ ...request, body: ownedBy(request.body, EXPLORED_OWNER) });

/** As long as the controller has not heard of a pod's label, the label was written a moment ago. */
const dated = (server: Server, pod: KubeObject): KubeObject => {
  if (sightOf(server).active.includes(pod.metadata.uid)) return pod;
  const managedFields = [{ manager: FIELD_MANAGER, time: new Date(EPOCH_ONE).toISOString() }];
  return { ...pod, metadata: { ...pod.metadata, managedFields } };
};

const shown = (server: Server, { resource, verb }: KubeRequest, response: KubeResponse): KubeResponse => {
  if (response.status >= 300 || verb === "delete") return response;
  const show = (object: KubeObject): KubeObject => (resource === PODS ? dated(server, object) : ownedBy(object, OWNER));
  if (verb !== "list") return { ...response, body: show(response.body as KubeObject) };
  const list = response.body as { readonly items: readonly KubeObject[] };
  return { ...response, body: { ...list, items: list.items.map(show) } };
};

/** The explored one changes the version only. */
const respondToNotice = (server: Server, request: KubeRequest): api.Answer<Server> => {
  const body = request.body as PatchBody;
  const answer = respond(server, { ...request, body: { metadata: { ...body.metadata, annotations: {} } } });
  const uid = body.metadata?.["uid"] as string;
  return answer.response.status === 200 ? { ...answer, touched: uid } : answer;
};

const answer = (server: Server, request: KubeRequest): api.Answer<Server> => {
  if (request.resource === EVENTS) return beside(server, {});
  const sent = known(request);
  const answered = isNotice(sent) ? respondToNotice(server, sent) : respond(server, sent);
  return { ...answered, response: shown(answered.server, sent, answered.response) };
};

const SILENT: readonly (readonly [string, string])[] = [
  ["reads the Service for group", LISTS_SERVICES],
  // Of whoever owns the record.
  ["reads the lock again", READS_THE_SERVICE],
  ["writes Lease", NOTICE],
  ["waits for the watches", SLEEPS],
];

const isLists = (text: string, plural: string): boolean => text.startsWith(`list ${plural} `);

/** A run is for one of the two groups. */
const flowOf = (lease: number, variant: LabelVariant | undefined): Flow<Server, Local> => {
  const protocol = labelProtocolOf(variant);
  const { group } = teamOf(protocol, { lease });
  const begun: Local = {
    kind: "reading",
    lock: { lease, generation: 0, wish: undefined },
    record: undefined,
    alone: true,
    enrolled: undefined,
    selected: undefined,
    word: undefined,
  };
  return {
    system: labelSystem(protocol, GROUP),
    events: (server, local) => labelEventsOf(protocol, server, local === IDLE ? begun : local),
    run: ({ send, sleep }) => {
      const context = contextOf([...HANDOVER_METRICS, ...STANDBY_METRICS], () => EPOCH_ONE, sleep);
      return createStandby(context).run(keyText({ namespace: NAMESPACE, name: group }), send);
    },
    nameOf: (request) => {
      if (request.resource === EVENTS) return undefined;
      return isNotice(request) ? NOTICE : textOf(known(request));
    },
    answer,
    silent: (text) => SILENT.find(([begins]) => text.startsWith(begins))?.[1],
    leftOut: ({ server, local }, name) => {
      if (local.kind !== "closing" || local.stage !== "pause") return undefined;
      // The pause is part of the next event.
      if (name === SLEEPS) return local;
      // That the Services are looked at once more after it is left out: the explored one goes on.
      return name === LISTS_SERVICES ? (isOwned(serviceOf(server), group) ? IDLE : local) : undefined;
    },
    // What is left of a group, and the pods by both LISTs, are looked at in one event.
    isJoined: (before, name) => isLists(name, "pods") && (isLists(before, "pods") || isLists(before, "leases")),
  };
};

/** Otherwise little of it was seen. */
const KINDS = [
  "patch services",
  "create leases",
  "patch leases",
  "delete leases",
  "patch pods",
  "get pods",
  SLEEPS,
  "writes the",
  STALE,
];

/**
 * On the way the controller hears in pauses only: whether a pod was written a moment ago the run sees when it reads the pod, and the explored
 * one just before it extends.
 */
const others = disturbancesBy(["one", "other", "due", "fault"], ["one", "other", "fault"]);

testSideBySide({
  flowBy: (choice, variant) => flowOf(choice % 2, variant),
  others,
  kinds: KINDS,
  variants: LABEL_VARIANTS,
});
