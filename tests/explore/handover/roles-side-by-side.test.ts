/**
 * The explored flow of roles, written again in `asking.ts` on top of the hand-over, held against the shipped one (`functions/roles`: `load.ts`,
 * `serve.ts` and `inquiry.ts`), whatever comes in between.
 */
import { vi } from "vitest";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { keyText } from "../../../functions/kit/keys.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import {
  LEASES,
  PODS,
  STATEFUL_SETS,
  type KubeRequest,
  type KubeResponse,
} from "../../../functions/kit/kube/request.ts";
import { viewSet } from "../../../functions/kit/pods/stateful-set.ts";
import type { Asker, LeaderAnswer } from "../../../functions/roles/ask/ask.ts";
import { ableAmong } from "../../../functions/roles/decide.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { CHECKERS, FINALIZER, recordName } from "../../../functions/roles/labels.ts";
import type * as memory from "../../../functions/roles/memory.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { aSet, LEASE_NAME, LOCK_NAME, LOCK_UID, NAMESPACE, SET_NAME } from "../../unit/support/builders.ts";
import type * as api from "../api.ts";
import { textOf } from "../hearing.ts";
import { STALE, testSideBySide } from "../comparison.ts";
import { disturbancesBy } from "../place.ts";
import { beside, contextOf, type Flow, type Stage } from "../side-by-side.ts";
import { answersOf } from "./asking.ts";
import { NO_FAULTS, type Group } from "./faults.ts";
import type { Local } from "./local.ts";
import { EPOCH_ONE } from "./protocol.ts";
import { ROLES_VARIANTS, rolesProtocolOf, rolesSystem, type RolesVariant } from "./roles.ts";
import { respond, SILENCE, type Server } from "./server.ts";

vi.mock("../api.ts", async (original) => {
  const { hearing } = await import("../hearing.ts");
  return hearing(await original<typeof api>());
});

/** What is read ahead of a pass, by what an earlier one has seen, is not compared. */
vi.mock("../../../functions/roles/memory.ts", async (original) => {
  const { createMemory } = await original<typeof memory>();
  return { createMemory: (): memory.RolesMemory => ({ ...createMemory(), get: () => undefined }) };
});

const FAULTS = { ...NO_FAULTS, ready: 4, create: 1, delete: 1, replace: 1, move: 2, lease: 2, word: 5, lie: 3 };
const GROUP: Group = { pods: 3, faults: FAULTS, clockMoves: false };
const SET = aSet({ replicas: GROUP.pods });

/** As the explored record names its owner. */
const CHECKER: KubeObject = {
  metadata: { name: LOCK_NAME, namespace: NAMESPACE, uid: LOCK_UID, resourceVersion: "1", finalizers: [FINALIZER] },
  spec: { statefulSetName: SET_NAME, namespace: NAMESPACE, rpcPort: 8000, localDev: false },
};

/** What the explored server does not have. Status and Events go nowhere. */
const bodyBeside = ({ resource, verb }: KubeRequest): unknown => {
  if (resource === STATEFUL_SETS) return SET;
  return resource === CHECKERS && verb === "list" ? { metadata: {}, items: [CHECKER] } : CHECKER;
};

/** The explored record has a shorter name. */
const known = (request: KubeRequest): KubeRequest => {
  const name = recordName(LOCK_UID);
  if (request.name === name) return { ...request, name: LEASE_NAME };
  const body = request.body as KubeObject | undefined;
  if (body?.metadata?.name !== name) return request;
  return { ...request, body: { ...body, metadata: { ...body.metadata, name: LEASE_NAME } } };
};

/** The name of the record never changes here, so nobody has to look for others. */
const isExplored = ({ resource, verb }: KubeRequest): boolean =>
  resource === PODS || (resource === LEASES && verb !== "list");

/** A pod is asked at its address, which is its uid here. */
const addressed = (pod: KubeObject): KubeObject => ({
  ...pod,
  status: { ...(pod.status as object), podIP: pod.metadata.uid },
});

const shown = ({ resource, verb }: KubeRequest, response: KubeResponse): KubeResponse => {
  if (resource !== PODS || response.status !== 200) return response;
  if (verb !== "list") return { ...response, body: addressed(response.body as KubeObject) };
  const list = response.body as { readonly items: readonly KubeObject[] };
  return { ...response, body: { ...list, items: list.items.map(addressed) } };
};

const answerBy = (word: string, uid: string): LeaderAnswer =>
  word === SILENCE ? { kind: "silent", why: "no answer" } : { kind: "answered", leads: word === uid };

const askerOn = ({ hear }: Stage<Server>): Asker => ({
  leaderStatus: (targets) => {
    const { word } = hear(answersOf);
    return Promise.resolve(targets.map(({ host }) => answerBy(word, host)));
  },
  servers: () => Promise.reject(new Error("the application never names two leaders")),
});

const ASKS = "asks the pods";

const flowOf = (variant: RolesVariant | undefined): Flow<Server, Local> => ({
  system: rolesSystem({ ...rolesProtocolOf(variant, GROUP.pods), splitLists: true }, GROUP),
  run: (stage) => {
    const context = contextOf([...HANDOVER_METRICS, ...ROLES_METRICS], () => EPOCH_ONE, stage.sleep);
    const asking = { asker: askerOn(stage), clusterDomain: "cluster.local", askingMs: 5_000 };
    const roles = createRoles(context, { ...asking, openNamespaces: [] });
    return roles.run(keyText({ namespace: NAMESPACE, name: LOCK_NAME }), stage.send);
  },
  nameOf: (request) => (isExplored(request) ? textOf(known(request)) : undefined),
  answer: (server, request) => {
    if (request.resource !== PODS && request.resource !== LEASES) return beside(server, bodyBeside(request));
    const answer = respond(server, known(request));
    return { ...answer, response: shown(request, answer.response) };
  },
  silent: (text) => (text.startsWith(ASKS) ? text : undefined),
  // Where none can lead nobody is asked.
  isSkipped: (local, text) =>
    local.kind === "asking" &&
    text.startsWith(ASKS) &&
    ableAmong({ set: viewSet(SET), pods: local.progress.observed.pods }).length === 0,
});

/** Otherwise little of it was seen. */
const KINDS = ["asks the", "create leases", "patch leases", "patch pods", "get pods", STALE];

const others = disturbancesBy(["one", "other", "fault"]);

testSideBySide({ flowBy: (_choice, variant) => flowOf(variant), others, kinds: KINDS, variants: ROLES_VARIANTS });
