/**
 * A sink that answers 204 and keeps what arrived as it was on the wire: the header lines in their order and case, and the
 * body's bytes. Tests compare senders by these records, and the checked-in samples are made from them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Recorded {
  readonly target: string;
  /** Name and value alternate, as in `IncomingMessage.rawHeaders`. */
  readonly rawHeaders: readonly string[];
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds on the monotonic clock at which the request arrived. */
  readonly atMs: number;
}

export interface Recorder {
  readonly url: string;
  readonly received: readonly Recorded[];
  /** The first record, past or future, that satisfies the test; rejects after `deadlineMs`. */
  first(test: (record: Recorded) => boolean, deadlineMs?: number): Promise<Recorded>;
  /** Resolves when so many requests have arrived in all; rejects like `first`. */
  count(total: number, deadlineMs?: number): Promise<void>;
  /** Answers the next requests with these status codes, then 204 again. */
  answer(...codes: readonly number[]): void;
  /** Never answers again. */
  hang(): void;
  readonly close: () => Promise<void>;
}

const DEFAULT_DEADLINE_MS = 30_000;

const record = async (request: IncomingMessage): Promise<Recorded> => {
  const atMs = performance.now();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : (value ?? ""),
    ]),
  );
  const body = Buffer.concat(chunks).toString("utf8");
  return {
    target: `${request.method} ${request.url}`,
    rawHeaders: request.rawHeaders,
    headers,
    body,
    atMs,
  };
};

/** Starts the sink on a free port of the loopback address. */
export const startRecorder = async (): Promise<Recorder> => {
  const received: Recorded[] = [];
  const codes: number[] = [];
  let hanging = false;
  const waiting = new Set<(entry: Recorded) => void>();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const entry = await record(request);
    received.push(entry);
    if (!hanging) response.writeHead(codes.shift() ?? 204).end();
    for (const wake of waiting) wake(entry);
  };
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

  const first = (test: (entry: Recorded) => boolean, deadlineMs = DEFAULT_DEADLINE_MS): Promise<Recorded> => {
    const found = received.find(test);
    if (found !== undefined) return Promise.resolve(found);
    const { promise, resolve, reject } = Promise.withResolvers<Recorded>();
    const wake = (entry: Recorded): void => {
      if (test(entry)) resolve(entry);
    };
    const timer = setTimeout(() => {
      const seen = received.map(({ headers }) => `${headers["ce-type"]} ${headers["ce-subject"]}`).join("\n  ");
      reject(new Error(`no such event within ${deadlineMs} ms; received:\n  ${seen}`));
    }, deadlineMs);
    waiting.add(wake);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(wake);
    });
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    first,
    count: async (total, deadlineMs) => {
      if (received.length < total) await first((entry) => received.indexOf(entry) >= total - 1, deadlineMs);
    },
    answer: (...next) => void codes.push(...next),
    hang: () => {
      hanging = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
};
