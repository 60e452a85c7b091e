/** What holds for a function on either host: our own, and faas-js-runtime, which `kn func` uses by default. */
import { once } from "node:events";
import { start as startFaas } from "faas-js-runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLog } from "../../../functions/kit/host/log.ts";
import { startServer } from "../../../functions/kit/host/server.ts";
import type { FunctionModule } from "../../../functions/kit/host/server.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { createStub, eventAsking } from "./stub-function.ts";

interface Running {
  readonly url: string;
  stop(): Promise<unknown>;
}

const hosts: readonly (readonly [string, (fn: FunctionModule) => Promise<Running>])[] = [
  [
    "our host",
    async (fn) => {
      const log = createLog({ level: "error" });
      const host = await startServer({ fn, port: 0, bodyLimitBytes: 1024 * 1024, log });
      return { url: `http://127.0.0.1:${host.port}`, stop: async () => host.drain() };
    },
  ],
  [
    "faas-js-runtime",
    async (fn) => {
      const port = await freePort();
      const server = await startFaas(fn, { port });
      const stop = async (): Promise<unknown> => {
        server.close();
        server.closeAllConnections();
        return once(server, "close");
      };
      return { url: `http://127.0.0.1:${port}`, stop };
    },
  ],
];

describe.each(hosts)("on %s", (_name, start) => {
  let initialised = 0;
  let running: Running = { url: "", stop: async () => undefined };

  beforeAll(async () => {
    running = await start(
      createStub({
        init: async () => {
          initialised += 1;
        },
      }),
    );
  });

  afterAll(async () => running.stop());

  test("the function was initialised once, before the first request", () => {
    expect(initialised).toBe(1);
  });

  test("nothing returned is 204 without a body", async () => {
    const response = await fetch(running.url, eventAsking("204"));
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
  });

  test("a refusal is 400 with its text, which shows that the data arrived", async () => {
    const response = await fetch(running.url, eventAsking("400"));
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe("refused: a-0");
  });

  test("a wish to be called again is 503 with Retry-After", async () => {
    const response = await fetch(running.url, eventAsking("503"));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.text()).toBe("conflict");
  });

  test.each([
    ["liveness", "alive"],
    ["readiness", "ready"],
  ])("%s is the function's own, not a guess from the load", async (probe, body) => {
    const response = await fetch(`${running.url}/health/${probe}`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(body);
  });

  test("an unknown path is 404", async () => {
    expect((await fetch(`${running.url}/other`, eventAsking("204"))).status).toBe(404);
  });
});
