/**
 * A claim on the wire: it comes in over HTTP, the pod is asked over gRPC, the label follows in exactly these requests; and what is no
 * claim is refused.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFunction } from "../../../functions/function.ts";
import type { Clock } from "../../../functions/kit/clock.ts";
import { createLog } from "../../../functions/kit/host/log.ts";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import { startServer, type Host } from "../../../functions/kit/host/server.ts";
import { HANDOVER_METRICS } from "../../../functions/kit/handover/metrics.ts";
import { LEASES, PODS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { grpcAsker } from "../../../functions/roles/ask/ask.ts";
import { createRoles } from "../../../functions/roles/feature.ts";
import { CHECKERS, ROLES } from "../../../functions/roles/labels.ts";
import { ROLES_METRICS } from "../../../functions/roles/metrics.ts";
import { startRoleApp, type RoleApp } from "../../../infra/lab/role-app-server.ts";
import { addPod, addSet, countPods, createWorld, type World } from "../../unit/support/world.ts";

const realTime: Clock = {
  serverNow: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (milliseconds) =>
    new Promise((resolve) => {
      setTimeout(resolve, milliseconds).unref();
    }),
};

let world: World;
let server: Host;
let app: RoleApp;

const post = (headers: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}/`, {
    method: "POST",
    headers: {
      "ce-specversion": "1.0",
      "ce-source": "/apis/v1/namespaces/default/pods/db-0",
      "ce-id": "1",
      ...headers,
    },
  });

const CLAIM = { "ce-type": "dev.bellwether.role.claimed.v1", "ce-namespace": "default", "ce-name": "db-0" };

const roleOf = (): string | undefined => world.get(PODS, "db-0")?.metadata.labels?.[ROLES.roleLabel];
const writes = (): readonly KubeRequest[] => world.requests.filter(({ method }) => method !== "GET");

beforeAll(async () => {
  app = await startRoleApp({ id: "db-0" });
  world = createWorld({
    roles: ROLES,
    metrics: ROLES_METRICS,
    create: (context) =>
      createRoles(
        { ...context, clock: realTime },
        { asker: grpcAsker, clusterDomain: "cluster.local", openNamespaces: [], askingMs: 5_000 },
      ),
  });
  addSet(world);
  addPod(world, "db-0");
  world.change(PODS, "db-0", { status: { podIP: "127.0.0.1" } }, "status");
  countPods(world, 1);
  world.create(CHECKERS, {
    metadata: { name: "db" },
    spec: { statefulSetName: "db", namespace: "default", rpcPort: app.port, localDev: false },
  });
  const log = createLog({ level: "error" });
  const fn = createFunction({
    features: [world.feature],
    send: world.send,
    clock: realTime,
    log,
    metrics: createMetrics([...METRICS, ...HANDOVER_METRICS, ...ROLES_METRICS]),
    concurrency: 4,
    groupDeadlineMs: 10_000,
    ackAfterMs: 10_000,
  });
  const health = { statusCode: 200 };
  server = await startServer({
    fn: {
      handle: (context) => fn.handle(context),
      init: () => Promise.resolve(),
      shutdown: () => fn.idle(),
      liveness: () => health,
      readiness: () => health,
      metrics: () => "",
    },
    port: 0,
    bodyLimitBytes: 1024,
    log,
  });
  // Nobody told the function of the checker: the tick does.
  const { status } = await post({ "ce-type": "dev.knative.sources.ping" });
  if (status !== 204) throw new Error(`the tick was answered ${status}`);
});

afterAll(async () => {
  await server.drain();
  await app.close();
});

test("a claim that the pod does not stand by: it is asked, and nothing is written", async () => {
  const asked = app.asked().leaderStatus;
  world.forget();
  expect((await post(CLAIM)).status).toBe(204);
  expect(app.asked().leaderStatus).toBe(asked + 1);
  expect([roleOf(), writes()]).toEqual(["follower", []]);
});

test("a claim that it stands by: record, promotion, report, each conditional, before the reply", async () => {
  await app.behave({ leads: true });
  world.forget();
  expect((await post(CLAIM)).status).toBe(204);
  expect(roleOf()).toBe("leader");
  const name = `bellwether-roles-${world.get(CHECKERS, "db")?.metadata.uid ?? ""}`;
  const { uid, annotations = {} } = world.get(LEASES, name)?.metadata ?? {};
  const epoch = annotations["bellwether.dev/epoch"];
  expect(writes().map(({ method, path }) => `${method} ${path.split("?")[0] ?? ""}`)).toEqual([
    "POST /apis/coordination.k8s.io/v1/namespaces/default/leases",
    "PATCH /api/v1/namespaces/default/pods/db-0",
    "PATCH /apis/node-role.bb-noti.io/v1/namespaces/default/leaderstatuscheckers/db/status",
    "POST /apis/events.k8s.io/v1/namespaces/default/events",
  ]);
  expect(writes()[1]?.body).toEqual({
    metadata: {
      uid: world.get(PODS, "db-0")?.metadata.uid,
      resourceVersion: expect.stringMatching(/^\d+$/) as unknown,
      labels: { "node-role": "leader" },
      annotations: {
        "bellwether.dev/roles.epoch": epoch,
        "bellwether.dev/roles.record": uid,
        "bellwether.dev/roles.token": epoch,
      },
    },
  });
});

test.each(["ce-namespace", "ce-name", "ce-id"])("a claim without %s: 400 that names it", async (missing) => {
  const answer = await post({ ...CLAIM, [missing]: "" });
  expect([answer.status, await answer.text()]).toEqual([
    400,
    `${missing}: got an empty value, accepts a non-empty string\n`,
  ]);
});
