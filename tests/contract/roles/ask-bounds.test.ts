/** A round of questions holds so many connections and no more, takes so long and no longer, and leaves nothing behind. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { grpcAsker } from "../../../functions/roles/ask/ask.ts";
import type { Target } from "../../../functions/roles/ask/address.ts";
import { createMutualCertificates } from "../../../infra/lab/role-app-certificates.ts";
import { FAULTS, type Behaviour } from "../../../infra/lab/role-app-behaviour.ts";
import { startRoleApp, type RoleApp } from "../../../infra/lab/role-app-server.ts";

const HOST = "127.0.0.1";

const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  await Promise.all(cleanUps.splice(0).map((cleanUp) => cleanUp()));
});

const start = async (behaviour: Partial<Behaviour> = {}): Promise<RoleApp> => {
  const app = await startRoleApp({ id: "db-0", behaviour });
  cleanUps.push(() => app.close());
  return app;
};

const targets = (count: number, { port }: RoleApp): readonly Target[] =>
  Array.from({ length: count }, () => ({ host: HOST, port }));

/** Calls back for each connection that this process begins to make. */
const onDialled = (listener: (socket: Socket) => void): void => {
  const onSocket = (message: unknown): void => listener((message as { readonly socket: Socket }).socket);
  subscribe("net.client.socket", onSocket);
  cleanUps.push(() => unsubscribe("net.client.socket", onSocket));
};

/** The largest number of connections that this process had open at the same time, counted whenever one is made. */
const watchConnections = (): { readonly peak: () => number; readonly open: () => number } => {
  const sockets: Socket[] = [];
  let peak = 0;
  const open = (): number => sockets.filter(({ destroyed }) => !destroyed).length;
  onDialled((socket) => {
    sockets.push(socket);
    peak = Math.max(peak, open());
  });
  return { peak: () => peak, open };
};

describe("of 200 pods", () => {
  test("all are asked, 64 at a time", async () => {
    const app = await start({ leads: true, delayMs: 5 });
    const connections = watchConnections();
    const answers = await grpcAsker.leaderStatus(targets(200, app), { deadlineMs: 10_000 });
    expect(answers.filter((answer) => answer.kind === "answered" && answer.leads)).toHaveLength(200);
    expect(app.asked().leaderStatus).toBe(200);
    expect(connections.peak()).toBe(64);
    expect(connections.open()).toBe(0);
  });

  test("as many as is said are asked at a time", async () => {
    const app = await start({ delayMs: 1 });
    const connections = watchConnections();
    await grpcAsker.leaderStatus(targets(200, app), { concurrency: 10, deadlineMs: 10_000 });
    expect(connections.peak()).toBe(10);
  });
});

test("those who wait for their turn have the whole deadline when it comes", async () => {
  const app = await start({ fault: "hang" });
  const begun = performance.now();
  const answers = await grpcAsker.leaderStatus(targets(3, app), { concurrency: 1, deadlineMs: 100 });
  expect(answers.map(({ kind }) => kind)).toEqual(["silent", "silent", "silent"]);
  expect(app.asked().leaderStatus).toBe(3);
  expect(performance.now() - begun).toBeGreaterThan(290);
});

const socketsOfProcess = (): readonly string[] =>
  process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|TLSWrap|ConnectWrap|GetAddrInfo/.test(name));

describe("when a round is over", () => {
  test.each(FAULTS)("no connection is open, with the fault %s", async (fault) => {
    const app = await start({ fault });
    const connections = watchConnections();
    await grpcAsker.leaderStatus(targets(5, app), { deadlineMs: 100 });
    expect(connections.peak()).toBe(5);
    expect(connections.open()).toBe(0);
    await expect.poll(() => app.connections()).toBe(0);
  });

  test("no socket is left to the process, over plain text or TLS", async () => {
    const { caPem, server, client } = await createMutualCertificates();
    const app = await start();
    const secure = await startRoleApp({ id: "db-1", tls: { ...server, clientCaPem: caPem } });
    cleanUps.push(() => secure.close());
    const tls = {
      ca: Buffer.from(caPem),
      client: { certificate: Buffer.from(client.certificatePem), key: Buffer.from(client.keyPem) },
    };
    const before = socketsOfProcess().toSorted();
    for (const fault of FAULTS) {
      // oxlint-disable-next-line no-await-in-loop -- one fault after the other
      await Promise.all([app.behave({ fault }), secure.behave({ fault })]);
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all([
        grpcAsker.leaderStatus(targets(3, app), { deadlineMs: 100 }),
        grpcAsker.servers(targets(3, secure), { deadlineMs: 100, tls }),
        grpcAsker.leaderStatus(targets(3, secure), { deadlineMs: 100 }),
      ]);
    }
    await expect.poll(() => socketsOfProcess().toSorted()).toEqual(before);
  });
});
