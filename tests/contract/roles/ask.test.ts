/** What pods answer, asked over real gRPC: the application of the lab speaks the protocol. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { grpcAsker } from "../../../functions/roles/ask/ask.ts";
import { startRoleApp, type RoleApp, type RoleAppOptions } from "../../../infra/lab/role-app-server.ts";
import { NotificationService } from "../../../proto/gen/notification/v1/notification.ts";

const HOST = "127.0.0.1";
const running: RoleApp[] = [];

const start = async (options: Partial<RoleAppOptions> = {}): Promise<RoleApp> => {
  const app = await startRoleApp({ id: "db-0", ...options });
  running.push(app);
  return app;
};

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(running.splice(0).map((app) => app.close()));
});

describe("GetLeaderStatus", () => {
  test("a leader leads", async () => {
    const { port } = await start({ behaviour: { leads: true } });
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }])).toEqual([{ kind: "answered", leads: true }]);
  });

  test("a follower's message without content is an answer", async () => {
    expect(NotificationService.getLeaderStatus.responseSerialize({ isLeader: false })).toHaveLength(0);
    const { port } = await start();
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }])).toEqual([{ kind: "answered", leads: false }]);
  });

  test("a lie is told as it was heard", async () => {
    const { port } = await start({ behaviour: { leads: false, lies: true } });
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }])).toEqual([{ kind: "answered", leads: true }]);
  });

  test("a slow answer within the deadline counts", async () => {
    const { port } = await start({ behaviour: { leads: true, delayMs: 100 } });
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }])).toEqual([{ kind: "answered", leads: true }]);
  });

  test("answers come in the order of the targets, whichever comes first", async () => {
    const [slow, silent, quick] = await Promise.all([
      start({ behaviour: { leads: true, delayMs: 100 } }),
      start({ behaviour: { fault: "reset" } }),
      start(),
    ]);
    const targets = [slow, silent, quick].map(({ port }) => ({ host: HOST, port }));
    expect(await grpcAsker.leaderStatus(targets)).toMatchObject([
      { kind: "answered", leads: true },
      { kind: "silent" },
      { kind: "answered", leads: false },
    ]);
  });

  test("nobody to ask is no answer", async () => {
    expect(await grpcAsker.leaderStatus([])).toEqual([]);
  });

  test("each pod is asked once", async () => {
    const app = await start();
    await grpcAsker.leaderStatus([{ host: HOST, port: app.port }]);
    expect(app.asked()).toEqual({ leaderStatus: 1, servers: 0 });
  });
});

describe("GetServers", () => {
  test("tells id, address and role of each server", async () => {
    const servers = [
      { id: "db-0", rpcAddr: "db-0.db.data.svc:8000", isLeader: true },
      { id: "db-1", rpcAddr: "db-1.db.data.svc:8000", isLeader: false },
    ];
    const { port } = await start({ behaviour: { servers } });
    expect(await grpcAsker.servers([{ host: HOST, port }])).toEqual([{ kind: "answered", servers }]);
  });

  test("no servers are an answer", async () => {
    const { port } = await start({ behaviour: { servers: [] } });
    expect(await grpcAsker.servers([{ host: HOST, port }])).toEqual([{ kind: "answered", servers: [] }]);
  });
});

describe("a target", () => {
  test("can be an IPv6 address", async () => {
    const { port } = await start({ host: "::1", behaviour: { leads: true } });
    expect(await grpcAsker.leaderStatus([{ host: "::1", port }])).toEqual([{ kind: "answered", leads: true }]);
  });

  test("can be a DNS name", async () => {
    const { port } = await start({ behaviour: { leads: true } });
    expect(await grpcAsker.leaderStatus([{ host: "localhost", port }])).toEqual([{ kind: "answered", leads: true }]);
  });

  test("is dialled directly, whatever proxy the environment names", async () => {
    for (const name of ["grpc_proxy", "http_proxy", "https_proxy"]) vi.stubEnv(name, "http://127.0.0.1:1");
    const { port } = await start({ behaviour: { leads: true } });
    expect(await grpcAsker.leaderStatus([{ host: HOST, port }])).toEqual([{ kind: "answered", leads: true }]);
  });
});
