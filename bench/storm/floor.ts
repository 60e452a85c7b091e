/**
 * The floor of a storm: a bare client in the function's place behind the source. It answers every event at once, and for each
 * writer that is not Ready any more sends the reads and writes of a fail-over, status and Event included, in their order and
 * many groups beside each other, without deciding or checking anything.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { LOCKS, ROLES } from "../../functions/election/labels.ts";
import {
  enrolmentLabel,
  EPOCH_ANNOTATION,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../functions/kit/handover/names.ts";
import { API_REQUESTS } from "../../functions/kit/host/metric-list.ts";
import { microTime } from "../../functions/kit/kube/micro-time.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  patchRequest,
  PODS,
  STATEFUL_SETS,
} from "../../functions/kit/kube/request.ts";
import { shareLists } from "../../functions/kit/kube/shared-lists.ts";
import { eventRequest } from "../../functions/kit/recorder.ts";
import { createSlots } from "../../functions/kit/slots.ts";
import { isReady } from "../../infra/lab/workload.ts";
import { setting, transportOfAdmin } from "../lab/access.ts";
import { handOver, orThrow } from "../lab/bare-client.ts";

/** All at once they would wait for each other's connections: this is faster. */
const GROUPS_AT_ONCE = 16;

const { feature, roleLabel, leader } = ROLES;
const transport = transportOfAdmin();
let requests = 0;

/** All groups of a namespace ask for its locks at once: like the function, the client asks the server once for many of them. */
const send = orThrow(
  shareLists((request) => {
    requests += 1;
    return transport.send(request);
  }, transport.clock),
);

const report = async (lock: KubeObject, target: KubeObject, epoch: string): Promise<void> => {
  const { name, namespace = "", uid } = lock.metadata;
  const notice = {
    type: "Normal",
    reason: "LeaderElected",
    action: "HandOver",
    note: `pod ${target.metadata.name} is the writer under epoch ${epoch}`,
    identity: epoch,
  } as const;
  const status = { ...(lock.status as object), writerPod: target.metadata.name, epoch: Number(epoch) };
  await Promise.all([
    send(patchRequest(LOCKS, { namespace, on: lock.metadata, subresource: "status" }, { status })),
    send(eventRequest({ resource: LOCKS, namespace, name, uid }, notice, { now: Date.now(), instance: "floor" })),
  ]);
};

const failOver = async (namespace: string, name: string): Promise<void> => {
  const [locks, , leaseAnswer] = await Promise.all([
    send(listRequest(LOCKS, { namespace })),
    send(getRequest(STATEFUL_SETS, namespace, name)),
    send(getRequest(LEASES, namespace, name)),
  ]);
  const lock = listOf(locks).items.find(({ metadata }) => metadata.name === name);
  const lease = objectOf(leaseAnswer);
  const group = lease.metadata.labels?.[GROUP_LABEL] ?? "";
  const [enrolled] = await Promise.all([
    send(listRequest(PODS, { namespace, labelSelector: `${enrolmentLabel(feature)}=${group}` })),
    send(listRequest(PODS, { namespace, labelSelector: `app=${name}` })),
  ]);
  const pods = listOf(enrolled).items;
  const target = pods.find(isReady);
  if (target === undefined || lock === undefined) return;
  const epoch = String(Number(lease.metadata.annotations?.[EPOCH_ANNOTATION]) + 1);
  const annotations = { [EPOCH_ANNOTATION]: epoch, [HOLDER_UID_ANNOTATION]: target.metadata.uid };
  const { leaseTransitions = 0 } = lease.spec as { leaseTransitions?: number };
  const now = microTime(Date.now());
  const spec = {
    holderIdentity: target.metadata.name,
    leaseTransitions: leaseTransitions + 1,
    renewTime: now,
    acquireTime: now,
  };
  await handOver(send, {
    record: patchRequest(LEASES, { namespace, on: lease.metadata }, { metadata: { annotations }, spec }),
    pods,
    target,
    names: ROLES,
    annotations: (role) => ({
      [stampEpochAnnotation(feature)]: epoch,
      [stampRecordAnnotation(feature)]: lease.metadata.uid,
      [tokenAnnotation(feature)]: role === leader ? epoch : null,
    }),
  });
  await report(lock, target, epoch);
};

const slots = createSlots(GROUPS_AT_ONCE);

const inTurn = async (work: () => Promise<void>): Promise<void> => {
  await slots.take(false);
  await work();
  slots.give(false);
};

const busy = new Set<string>();

const onObject = ({ metadata, ...rest }: KubeObject): void => {
  const { namespace = "", name, labels } = metadata;
  const isLost = labels?.[roleLabel] === leader && !isReady({ metadata, ...rest });
  const owner = name.replace(/-[0-9]+$/, "");
  const key = `${namespace}/${owner}`;
  if (!isLost || busy.has(key)) return;
  busy.add(key);
  void inTurn(() => failOver(namespace, owner)).finally(() => busy.delete(key));
};

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (request.method === "GET") {
    response.end(`${API_REQUESTS.name}{} ${requests}\n`);
    return;
  }
  const object = await json(request);
  response.writeHead(204).end();
  if (request.headers["ce-kind"] === "Pod") onObject(object as KubeObject);
};

createServer((request, response) => void serve(request, response)).listen(Number(setting("BENCH_PORT")), "127.0.0.1");
