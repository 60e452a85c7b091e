/** The transport on real connections: reuse, deadlines, closed and cut connections, TLS. */
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createTransport } from "../../../functions/kit/kube/transport.ts";
import type { ApiTransport, TransportOptions } from "../../../functions/kit/kube/transport.ts";
import { createRequest, getRequest, LEASES, PODS } from "../../../functions/kit/kube/request.ts";
import { createCertificates } from "../../../infra/lab/certificates.ts";

const get = getRequest(PODS, "data", "a-0");
const create = createRequest(LEASES, "data", { metadata: { name: "a" } });

const cleanUps: (() => void)[] = [];

afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanUps.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
};

const open = (options: TransportOptions): ApiTransport => {
  const transport = createTransport(options);
  cleanUps.push(() => transport.close());
  return transport;
};

const serve = async (listener: RequestListener, options: Partial<TransportOptions> = {}): Promise<ApiTransport> => {
  const port = await listen(createServer(listener));
  return open({ server: `http://127.0.0.1:${port}`, ...options });
};

/** Answers the first request of a connection and hangs up on the next, as a server does that was idle for long. */
const forgetful = (seen: IncomingMessage[]): RequestListener => {
  const used = new WeakSet<Socket>();
  return (request, response) => {
    seen.push(request);
    if (used.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    used.add(request.socket);
    response.end("{}");
  };
};

describe("connections", () => {
  test("one is used for calls one after the other", async () => {
    const sockets = new Set<Socket>();
    const { send } = await serve((request, response) => {
      sockets.add(request.socket);
      response.end("{}");
    });
    for (let call = 0; call < 5; call += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
      expect((await send(get)).status).toBe(200);
    }
    expect(sockets.size).toBe(1);
  });

  test("there are never more than maxSockets; further calls wait", async () => {
    const sockets = new Set<Socket>();
    const { send } = await serve(
      (request, response) => {
        sockets.add(request.socket);
        setImmediate(() => response.end("{}"));
      },
      { maxSockets: 2 },
    );
    const answers = await Promise.all(Array.from({ length: 10 }, async () => send(get)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(sockets.size).toBe(2);
  });

  test("a GET on a kept connection that turns out closed is sent again", async () => {
    const seen: IncomingMessage[] = [];
    const { send } = await serve(forgetful(seen));
    expect((await send(get)).status).toBe(200);
    expect((await send(get)).status).toBe(200);
    expect(seen).toHaveLength(3);
  });

  test("a write on such a connection is not: it may have been applied", async () => {
    const seen: IncomingMessage[] = [];
    const { send } = await serve(forgetful(seen));
    expect((await send(get)).status).toBe(200);
    expect(await send(create)).toMatchObject({ status: 0, body: { reason: "NoAnswer" } });
    expect(seen).toHaveLength(2);
  });

  test("a GET on a new connection that is closed is not sent again", async () => {
    let seen = 0;
    const { send } = await serve((request) => {
      seen += 1;
      request.socket.destroy();
    });
    expect((await send(get)).status).toBe(0);
    expect(seen).toBe(1);
  });

  test("nothing listens: status 0", async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    const { send } = open({ server: `http://127.0.0.1:${port}` });
    expect(await send(get)).toMatchObject({ status: 0, body: { message: expect.stringContaining("ECONNREFUSED") } });
  });

  test("closing the transport ends calls under way with status 0", async () => {
    const transport = await serve(() => transport.close());
    expect((await transport.send(get)).status).toBe(0);
  });
});

describe("deadline", () => {
  const deadlineMs = 50;
  const message = "no answer within 50 ms";

  test("bounds the wait for an answer", async () => {
    const { send } = await serve(() => undefined, { deadlineMs });
    expect(await send(get)).toMatchObject({ status: 0, body: { message } });
  });

  test("bounds the wait for the body", async () => {
    const { send } = await serve((_request, response) => void response.write('{"kind":'), { deadlineMs });
    expect(await send(get)).toMatchObject({ status: 0, body: { message } });
  });

  test("bounds the wait for a free connection", async () => {
    const { send } = await serve(() => undefined, { deadlineMs, maxSockets: 1 });
    const [first, second] = await Promise.all([send(get), send(get)]);
    expect([first.status, second.status]).toEqual([0, 0]);
  });
});

describe("bodies", () => {
  test("one that is cut off is status 0", async () => {
    const { send } = await serve((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => request.socket.destroy());
    });
    expect((await send(get)).status).toBe(0);
  });

  test("a character that is split between two packets arrives whole", async () => {
    const text = Buffer.from('{"name":"\u00e9"}');
    const middle = text.indexOf(0xc3) + 1;
    const { send } = await serve((_request, response) => {
      response.write(text.subarray(0, middle), () => setImmediate(() => response.end(text.subarray(middle))));
    });
    expect((await send(get)).body).toEqual({ name: "\u00e9" });
  });

  test("one that never ends is cut at 64 MiB", async () => {
    const chunk = Buffer.alloc(1024 * 1024, " ");
    let sent = 0;
    const { send } = await serve((_request, response) => {
      const pump = (): void => {
        sent += chunk.length;
        if (!response.destroyed) response.write(chunk, pump);
      };
      pump();
    });
    expect(await send(get)).toMatchObject({ status: 0, body: { message: expect.stringContaining("larger than") } });
    expect(sent).toBeLessThan(128 * 1024 * 1024);
  });
});

const serveTls = async (): Promise<{ server: string; caPem: string }> => {
  const { caPem, serverCertificatePem, serverKeyPem } = await createCertificates();
  const server = createTlsServer({ cert: serverCertificatePem, key: serverKeyPem }, (_request, response) => {
    response.end("{}");
  });
  return { server: `https://127.0.0.1:${await listen(server)}`, caPem };
};

describe("TLS", () => {
  test("a server is trusted by the CA that is given", async () => {
    const { server, caPem } = await serveTls();
    expect((await open({ server, ca: () => caPem }).send(get)).status).toBe(200);
  });

  test("and by no other", async () => {
    const { server } = await serveTls();
    const { caPem } = await createCertificates();
    expect(await open({ server, ca: () => caPem }).send(get)).toMatchObject({ status: 0 });
    expect(await open({ server }).send(get)).toMatchObject({ status: 0 });
  });

  test("a CA that rotates is used for the next connection", async () => {
    const { server, caPem } = await serveTls();
    let current = (await createCertificates()).caPem;
    const { send } = open({ server, ca: () => current });
    expect((await send(get)).status).toBe(0);
    current = caPem;
    expect((await send(get)).status).toBe(200);
  });

  test("a client certificate is shown to a server that asks for it", async () => {
    const { caPem, serverCertificatePem: cert, serverKeyPem: key } = await createCertificates();
    let shown: unknown;
    const server = createTlsServer({ cert, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
      if (request.socket instanceof TLSSocket) shown = request.socket.getPeerCertificate().subject.CN;
      response.end("{}");
    });
    const url = `https://127.0.0.1:${await listen(server)}`;
    expect((await open({ server: url, ca: () => caPem, clientCertificate: { cert, key } }).send(get)).status).toBe(200);
    expect(shown).toBe("kube-apiserver");
  });
});
