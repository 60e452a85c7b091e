/** Connections end with the work that made them, however far they have come. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withoutLeftovers } from "../../../functions/roles/ask/sockets.ts";

let server: Server = createServer();
let accepted: Socket[] = [];

beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => {
    accepted.push(socket.on("error", () => undefined).resume());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

const dial = (): Socket => connect((server.address() as AddressInfo).port, "127.0.0.1");

test("an open connection is destroyed", async () => {
  const socket = await withoutLeftovers(async () => {
    const open = dial();
    await once(open, "connect");
    return open;
  });
  expect(socket.destroyed).toBe(true);
});

test("a connection that is still being made is destroyed", async () => {
  const socket = await withoutLeftovers(() =>
    // A name that is never resolved.
    Promise.resolve(connect({ host: "db-0.db", port: 1, lookup: () => undefined })),
  );
  expect(socket.destroyed).toBe(true);
});

test("connections are destroyed when the work fails", async () => {
  let socket: Socket | undefined;
  await expect(
    withoutLeftovers(() => {
      socket = dial();
      return Promise.reject(new Error("no"));
    }),
  ).rejects.toThrow("no");
  expect(socket?.destroyed).toBe(true);
});

test("a connection that is made after the end of the work does not reach its peer", async () => {
  const later = Promise.withResolvers<Socket>();
  await withoutLeftovers(() => {
    setImmediate(() => later.resolve(dial()));
    return Promise.resolve();
  });
  await once(await later.promise, "close");
  const control = dial();
  await once(control, "connect");
  await expect.poll(() => accepted.length).toBe(1);
  control.destroy();
});

test("a reset that arrives late ends nothing but the connection", async () => {
  const socket = await withoutLeftovers(() => Promise.resolve(dial()));
  expect(socket.listenerCount("error")).toBeGreaterThan(0);
});

test("connections of others are left alone", async () => {
  const other = dial();
  await once(other, "connect");
  await withoutLeftovers(() => Promise.resolve());
  expect(other.destroyed).toBe(false);
  other.destroy();
});
