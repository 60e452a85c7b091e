/** Our host over real connections: paths, limits, bugs, and a drain that loses nothing. */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { text as readText } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createLog } from "../../../functions/kit/host/log.ts";
import { startServer } from "../../../functions/kit/host/server.ts";
import type { FunctionModule, Host, HostOptions } from "../../../functions/kit/host/server.ts";
import { createStub, eventAsking } from "./stub-function.ts";

const BODY_LIMIT_BYTES = 1024;

let running: Host | undefined;
let lines: string[] = [];

afterEach(async () => {
  await running?.drain();
  running = undefined;
  lines = [];
});

const start = async (
  fn: Partial<FunctionModule> = {},
  options: Partial<HostOptions> = {},
): Promise<Host & { url: string }> => {
  const log = createLog({ level: "debug", write: (line) => void lines.push(line) });
  running = await startServer({ fn: createStub(fn), port: 0, bodyLimitBytes: BODY_LIMIT_BYTES, log, ...options });
  return { ...running, url: `http://127.0.0.1:${running.port}` };
};

const post = (body: string): RequestInit => ({ method: "POST", body });

/** A handler that says when it has begun and ends when it is told to. */
const gate = (): { handle: FunctionModule["handle"]; begun: Promise<undefined>; open: () => void } => {
  const begun = Promise.withResolvers<undefined>();
  const opened = Promise.withResolvers<undefined>();
  return {
    handle: async () => {
      begun.resolve(undefined);
      return opened.promise;
    },
    begun: begun.promise,
    open: () => opened.resolve(undefined),
  };
};

describe("paths and methods", () => {
  test.each([
    ["GET", "/health/liveness", 200, "alive"],
    ["GET", "/health/readiness", 200, "ready"],
    ["GET", "/health/readiness?verbose", 200, "ready"],
    ["GET", "/metrics", 200, "# nothing\n"],
    ["POST", "/?from=source", 204, ""],
  ])("%s %s is %i", async (method, path, status, body) => {
    const { url } = await start();
    const response = await fetch(url + path, { method, body: method === "POST" ? "{}" : null });
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test.each([
    ["GET", "/", "POST"],
    ["PUT", "/", "POST"],
    ["POST", "/metrics", "GET"],
    ["DELETE", "/health/liveness", "GET"],
  ])("%s %s is 405, and %s is allowed", async (method, path, allowed) => {
    const { url } = await start();
    const response = await fetch(url + path, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allowed]);
  });

  test("metrics have the content type of their format", async () => {
    const { url } = await start();
    const { headers } = await fetch(`${url}/metrics`);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});

describe("bodies", () => {
  test("arrive byte for byte", async () => {
    let received: unknown;
    const { url } = await start({
      handle: async ({ rawBody }) => {
        received = rawBody;
        return undefined;
      },
    });
    await fetch(url, post("ä{\r\n"));
    expect(received).toEqual(Buffer.from("ä{\r\n"));
  });

  test("as large as the limit are handled", async () => {
    const { url } = await start();
    expect((await fetch(url, { ...eventAsking("204"), body: JSON.stringify("x".repeat(1022)) })).status).toBe(204);
  });

  test("over the limit are 400, which is not retried, without calling the function", async () => {
    let called = false;
    const { url } = await start({
      handle: async () => {
        called = true;
        return undefined;
      },
    });
    const response = await fetch(url, post("x".repeat(1_000_000)));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("1024 bytes");
    expect(called).toBe(false);
  });

  test("of a sender that gives up are not handled, and the host goes on", async () => {
    let called = 0;
    const { url } = await start({
      handle: async () => {
        called += 1;
        return undefined;
      },
    });
    const broken = httpRequest(url, { method: "POST", headers: { "content-length": "10" } });
    await new Promise<void>((resolve) => {
      broken.once("error", () => resolve());
      broken.write("x", () => broken.destroy(new Error("given up")));
    });
    expect((await fetch(url, post("{}"))).status).toBe(204);
    expect(called).toBe(1);
  });
});

describe("bugs", () => {
  test("whatever is thrown is 500: an error's code never becomes the reply", async () => {
    const { url } = await start({
      handle: async () => {
        throw Object.assign(new Error("pods not found"), { code: 404, statusCode: 404 });
      },
    });
    const response = await fetch(url, post("{}"));
    expect([response.status, await response.text()]).toEqual([500, "internal error"]);
    expect(lines.join("")).toContain("pods not found");
  });

  test("an init that fails is told before anything listens", async () => {
    const failing = start({
      init: async () => {
        throw new Error("no API server");
      },
    });
    await expect(failing).rejects.toThrow("no API server");
  });

  test("a port that is taken is an error", async () => {
    const { port } = await start();
    const log = createLog({ level: "error" });
    const second = startServer({ fn: createStub(), port, bodyLimitBytes: BODY_LIMIT_BYTES, log });
    await expect(second).rejects.toThrow("EADDRINUSE");
  });
});

describe("drain", () => {
  test("a request in flight is answered, its connection closed, and shutdown begins only then", async () => {
    const { handle, begun, open } = gate();
    let shut = false;
    const shutdown = async (): Promise<void> => {
      shut = true;
    };
    const host = await start({ handle, shutdown });
    const reply = fetch(host.url, post("{}"));
    await begun;
    const drained = host.drain();
    await turn();
    expect(shut).toBe(false);
    open();
    const { status, headers } = await reply;
    expect([status, headers.get("connection")]).toEqual([204, "close"]);
    expect(await drained).toBe(true);
    expect(shut).toBe(true);
  });

  test("nothing new is accepted, and idle connections end", async () => {
    const host = await start();
    expect((await fetch(host.url, post("{}"))).status).toBe(204);
    expect(await host.drain()).toBe(true);
    await expect(fetch(host.url, post("{}"))).rejects.toThrow("fetch failed");
  });

  test("readiness is 503 on a connection from before", async () => {
    const { handle, begun, open } = gate();
    const host = await start({ handle });
    const probe = connect(host.port, "127.0.0.1");
    await once(probe, "connect");
    const reply = fetch(host.url, post("{}"));
    await begun;
    const drained = host.drain();
    probe.write("GET /health/readiness HTTP/1.1\r\nhost: x\r\n\r\n");
    const answer = await readText(probe);
    open();
    await reply;
    expect(answer).toMatch(/^HTTP\/1.1 503 .*\r\n\r\ndraining$/s);
    expect(await drained).toBe(true);
  });

  test("a connection without a request does not hold it up", async () => {
    const host = await start();
    const unused = connect(host.port, "127.0.0.1");
    const ended = once(unused, "close");
    await once(unused, "connect");
    await fetch(host.url, post("{}"));
    expect(await host.drain()).toBe(true);
    await ended;
  });
});

describe("a drain that is held up", () => {
  test("is cut short at its deadline", async () => {
    const { handle, begun, open } = gate();
    const host = await start({ handle }, { drainDeadlineMs: 20 });
    const reply = fetch(host.url, post("{}"));
    await begun;
    const [cut] = await Promise.all([host.drain(), expect(reply).rejects.toThrow("fetch failed")]);
    expect(cut).toBe(false);
    open();
    expect(lines.join("")).toContain("the drain was cut short");
  });

  test("by a shutdown that fails is over at once", async () => {
    const host = await start(
      {
        shutdown: async () => {
          throw new Error("stuck");
        },
      },
      { drainDeadlineMs: 1000 },
    );
    expect(await host.drain()).toBe(false);
  });

  test("and asked for twice is one drain", async () => {
    let count = 0;
    const host = await start({
      shutdown: async () => {
        count += 1;
      },
    });
    await Promise.all([host.drain(), host.drain()]);
    expect(count).toBe(1);
  });
});
