/** Whatever goes wrong between us and a pod is silence with a reason, never a role, and never later than the deadline. */
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, test } from "vitest";
import { grpcAsker, type AskOptions, type LeaderAnswer } from "../../../functions/roles/ask/ask.ts";
import type { Fault } from "../../../infra/lab/role-app-behaviour.ts";
import { startRoleApp, type RoleApp } from "../../../infra/lab/role-app-server.ts";

const HOST = "127.0.0.1";
/** How late a timer may be on a busy machine. */
const LATENESS_MS = 500;

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

const start = async (fault: Fault): Promise<RoleApp> => {
  const app = await startRoleApp({ id: "db-0", behaviour: { leads: true, fault } });
  cleanUps.push(() => app.close());
  return app;
};

const listen = async (server: Server): Promise<number> => {
  server.listen(0, HOST);
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return (server.address() as AddressInfo).port;
};

const ask = async (port: number, options: AskOptions = {}): Promise<LeaderAnswer | undefined> =>
  (await grpcAsker.leaderStatus([{ host: HOST, port }], options))[0];

const silent = (why: string): LeaderAnswer => ({ kind: "silent", why });

describe("an application that", () => {
  test.each<[Fault, string]>([
    ["reset", "it closes connections; it may expect TLS"],
    ["cut", "it closed the connection without an answer"],
    ["error", "it answered with the gRPC status INTERNAL"],
    ["garbage", "its answer is malformed"],
  ])("has the fault %s is silent at once: %s", async (fault, why) => {
    const { port } = await start(fault);
    const begun = performance.now();
    expect(await ask(port, { deadlineMs: 60_000 })).toEqual(silent(why));
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  test.each<[Fault, string]>([
    ["mute", "no connection within 150 ms"],
    ["hang", "no answer within 150 ms"],
  ])("has the fault %s is silent at the deadline: %s", async (fault, why) => {
    const { port } = await start(fault);
    const begun = performance.now();
    expect(await ask(port, { deadlineMs: 150 })).toEqual(silent(why));
    expect(performance.now() - begun).toBeGreaterThan(140);
    expect(performance.now() - begun).toBeLessThan(150 + LATENESS_MS);
  });

  test("never answers is waited for one second unless a deadline is given", async () => {
    const { port } = await start("hang");
    const begun = performance.now();
    expect(await ask(port)).toEqual(silent("no answer within 1000 ms"));
    expect(performance.now() - begun).toBeLessThan(1000 + LATENESS_MS);
  });

  test("ends while it is asked is silent", async () => {
    const app = await start("hang");
    const asking = ask(app.port, { deadlineMs: 60_000 });
    await expect.poll(() => app.asked().leaderStatus).toBe(1);
    await app.close();
    expect(await asking).toEqual(silent("it closed the connection without an answer"));
  });

  test("says more than fits into 1 MiB is silent", async () => {
    const app = await start("none");
    await app.behave({ servers: [{ id: "db-0", rpcAddr: "a".repeat(1_048_576), isLeader: false }] });
    expect(await grpcAsker.servers([{ host: HOST, port: app.port }])).toEqual([silent("its answer is too large")]);
  });
});

describe("a port", () => {
  test("that nothing listens on is silent", async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    await once(server, "close");
    expect(await ask(port)).toEqual(silent("it refuses connections on this port"));
  });

  test("of another gRPC server is silent", async () => {
    const server = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`${HOST}:0`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    cleanUps.push(() => server.forceShutdown());
    expect(await ask(port)).toEqual(silent("it does not speak notification.v1"));
  });

  test("of a web server is silent", async () => {
    const server = createHttpServer((_request, response) => response.end("hello"));
    const port = await listen(server);
    expect(await ask(port)).toEqual(silent("it does not speak HTTP/2"));
  });

  test("that closes what it accepts is silent", async () => {
    const port = await listen(createServer((socket) => socket.on("error", () => undefined).end()));
    expect(await ask(port)).toEqual(silent("it closes connections; it may expect TLS"));
  });
});

test("a name that does not exist is silent", async () => {
  expect(await grpcAsker.leaderStatus([{ host: "db-0.db.data.svc.invalid", port: 1 }], { deadlineMs: 10_000 })).toEqual(
    [silent("its DNS name cannot be resolved")],
  );
});

test("a pod without an address is silent, and nothing is dialled for it", async () => {
  const app = await start("none");
  expect(await grpcAsker.leaderStatus([{ host: "", port: app.port }])).toEqual([silent("it has no address yet")]);
  expect(app.asked().leaderStatus).toBe(0);
});

test("the same trouble has the same words on each pass", async () => {
  const { port } = await start("reset");
  expect(await ask(port)).toEqual(await ask(port));
});
