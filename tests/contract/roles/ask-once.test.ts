/** A file of its own, because connections of other rounds must not be counted. */
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { grpcAsker } from "../../../functions/roles/ask/ask.ts";

const HOST = "127.0.0.1";
/** gRPC dials again 1 s after a failure. */
const BACK_OFF_MS = 1_500;

test("a pod that failed is not dialled again, although gRPC would", async () => {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    socket.on("error", () => undefined).resetAndDestroy();
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const again = Promise.withResolvers<void>();
  let dialled = 0;
  subscribe("net.client.socket", () => {
    dialled += 1;
    if (dialled === 2) again.resolve();
  });
  await grpcAsker.leaderStatus([{ host: HOST, port }]);
  expect(accepted).toBe(1);
  await Promise.race([again.promise, sleep(BACK_OFF_MS)]);
  // Whatever was dialled before is accepted before.
  const last = connect(port, HOST).on("error", () => undefined);
  await new Promise((resolve) => last.once("close", resolve));
  expect(accepted).toBe(2);
  server.close();
});
