/**
 * The floor of a claim: a bare client that takes it over HTTP, reads the record, then the members, asks all of them over gRPC on connections of
 * their own, and does the three dependent writes for the one that says it leads, without deciding or checking anything.
 */
import { createServer } from "node:http";
import { credentials } from "@grpc/grpc-js";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  createRequest,
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  patchRequest,
  PODS,
} from "../../functions/kit/kube/request.ts";
import { ROLES } from "../../functions/roles/labels.ts";
import { NotificationClient } from "../../proto/gen/notification/v1/notification.ts";
import { setting, transportOfAdmin } from "../lab/access.ts";
import { handOver, orThrow } from "../lab/bare-client.ts";

const [namespace, name] = [setting("BENCH_NAMESPACE"), setting("BENCH_GROUP")];
const rpcPort = setting("BENCH_RPC_PORT");
const send = orThrow(transportOfAdmin().send);

const leads = ({ status }: KubeObject): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const { podIP } = status as { readonly podIP: string };
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const client = new NotificationClient(`ipv4:${podIP}:${rpcPort}`, credentials.createInsecure(), options);
    client.getLeaderStatus({}, (error, answer) => {
      client.close();
      if (error === null) resolve(answer.isLeader);
      else reject(error);
    });
  });

const onClaim = async (): Promise<void> => {
  const { metadata } = objectOf(await send(getRequest(LEASES, namespace, name)));
  const pods = listOf(await send(listRequest(PODS, { namespace, labelSelector: `app=${name}` }))).items;
  const answers = await Promise.all(pods.map(leads));
  const target = pods[answers.indexOf(true)];
  if (target === undefined) return;
  const spec = { holderIdentity: target.metadata.name };
  const record = patchRequest(LEASES, { namespace, on: metadata }, { spec });
  await handOver(send, { names: ROLES, record, pods, target });
};

await send(createRequest(LEASES, namespace, { metadata: { name }, spec: { leaseTransitions: 0 } }));
createServer((request, response) => {
  request.resume();
  response.writeHead(204).end();
  if (request.method === "POST") void onClaim();
}).listen(Number(setting("BENCH_PORT")), "127.0.0.1");
