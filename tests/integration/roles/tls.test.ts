/** Goal: pods are asked over mutual TLS under the shipped permissions, and a rotated Secret is used from the next round on. */
import { afterAll, beforeAll, it } from "vitest";
import { succeed } from "../../../infra/lab/api.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createMutualCertificates, type MutualCertificates } from "../../../infra/lab/role-app-certificates.ts";
import { startRoleAppProcess, type RoleAppProcess } from "../../../infra/lab/role-app-process.ts";
import { createNamespace, createStatefulSet } from "../support/fixture.ts";
import { patch, podsReady } from "../support/objects.ts";
import { startScene, TICK_BOUND_MS, TICK_SECONDS, type Scene } from "../support/scene.ts";
import { conditionSays, createChecker, hostOf, NAMESPACE, settles, statusOf } from "./support.ts";
import { poll } from "../../../infra/lab/poll.ts";

const SERVER_NAME = "tls.example";
const SECRET = "tls-client";
const SECRETS_PATH = `/api/v1/namespaces/${NAMESPACE}/secrets`;

let scene: Scene;
let app: RoleAppProcess;
let port = 0;

const dataOf = ({ caPem, client }: MutualCertificates): Readonly<Record<string, string>> => ({
  "ca.crt": Buffer.from(caPem).toString("base64"),
  "tls.crt": Buffer.from(client.certificatePem).toString("base64"),
  "tls.key": Buffer.from(client.keyPem).toString("base64"),
});

const startApp = async ({ caPem, server }: MutualCertificates): Promise<void> => {
  const { processes, dataDir: folder } = scene.lab.plane;
  const tls = { ...server, clientCaPem: caPem };
  app = await startRoleAppProcess(processes, { id: "tls-0", host: hostOf("tls-0"), port, folder, tls });
  await app.behave({ leads: true });
};

beforeAll(async () => {
  scene = await startScene({ podAddress: (_namespace, name) => hostOf(name) });
  const instance = await scene.instance();
  scene.balancer.target([instance.url]);
  await scene.startSource();
  port = await freePort();
  await createNamespace(scene.lab, NAMESPACE);
  await createStatefulSet(scene.lab, { name: "tls", namespace: NAMESPACE, replicas: 1 });
  await podsReady(scene.lab, NAMESPACE, 1);
});

afterAll(async () => scene.stop());

it("asks nobody as long as it may not read the Secret, and says so", async () => {
  const first = await createMutualCertificates([SERVER_NAME]);
  await startApp(first);
  await succeed(scene.lab.api, "POST", SECRETS_PATH, {
    body: { metadata: { name: SECRET }, type: "Opaque", data: dataOf(first) },
  });
  await createChecker(scene.lab, "tls", {
    rpcPort: port,
    intervalSeconds: TICK_SECONDS,
    tls: { secretName: SECRET, serverName: SERVER_NAME },
  });
  await conditionSays(scene.lab, "tls", {
    type: "Unreachable",
    reason: "PodsSilent",
    says: `Secret ${SECRET} cannot be read: 403`,
    deadlineMs: TICK_BOUND_MS,
  });
});

it("asks with the Secret's certificates once the role is bound", async () => {
  await succeed(scene.lab.api, "POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`, {
    body: {
      metadata: { name: "bellwether-roles-tls" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "bellwether-roles-tls" },
      subjects: [{ kind: "ServiceAccount", name: "bellwether", namespace: "bellwether" }],
    },
  });
  await settles(scene.lab, "tls", { leader: "tls-0", deadlineMs: TICK_BOUND_MS });
});

it("a certificate of another authority is no answer; the rotated Secret is used from the next round on", async () => {
  app.process.kill("SIGKILL");
  await app.process.exited;
  const second = await createMutualCertificates([SERVER_NAME]);
  await startApp(second);
  await conditionSays(scene.lab, "tls", {
    type: "Unreachable",
    reason: "LeaderSilent",
    says: "is not signed by the given CA",
    deadlineMs: TICK_BOUND_MS,
  });
  await settles(scene.lab, "tls", { leader: "tls-0", deadlineMs: TICK_BOUND_MS });
  await patch(scene.lab, `${SECRETS_PATH}/${SECRET}`, { data: dataOf(second) });
  await poll(
    async () => {
      const { conditions = [] } = await statusOf(scene.lab, "tls");
      return conditions.some(({ type }) => type === "Unreachable") ? undefined : true;
    },
    { what: "an answer under the new certificates", everyMs: 50, deadlineMs: TICK_BOUND_MS },
  );
});
