/** A CloudEvents sink that remembers what it received. */
import { createServer, type IncomingHttpHeaders } from "node:http";
import { once } from "node:events";

export interface ReceivedEvent {
  readonly type: string;
  readonly source: string;
  readonly kind: string | undefined;
  readonly name: string | undefined;
  readonly body: unknown;
}

export interface Sink {
  readonly url: string;
  readonly events: readonly ReceivedEvent[];
  /** Resolves to the first event, received already or later, that matches. @throws at the deadline. */
  readonly next: (matches: (event: ReceivedEvent) => boolean, deadlineMs: number) => Promise<ReceivedEvent>;
  readonly close: () => void;
}

const eventOf = (headers: IncomingHttpHeaders, text: string): ReceivedEvent => ({
  type: headers["ce-type"]?.toString() ?? "",
  source: headers["ce-source"]?.toString() ?? "",
  kind: headers["ce-kind"]?.toString(),
  name: headers["ce-name"]?.toString(),
  body: text === "" ? undefined : JSON.parse(text),
});

export const startSink = async (): Promise<Sink> => {
  const events: ReceivedEvent[] = [];
  const listeners = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      events.push(eventOf(request.headers, Buffer.concat(chunks).toString()));
      response.writeHead(204).end();
      for (const listener of listeners) listener();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const next: Sink["next"] = (matches, deadlineMs) =>
    new Promise((resolve, reject) => {
      const finish = (): void => {
        clearTimeout(timer);
        listeners.delete(look);
      };
      const look = (): void => {
        const found = events.find(matches);
        if (found === undefined) return;
        finish();
        resolve(found);
      };
      const timer = setTimeout(() => {
        finish();
        reject(new Error(`no such event within ${deadlineMs} ms; received ${JSON.stringify(events, undefined, 1)}`));
      }, deadlineMs);
      listeners.add(look);
      look();
    });

  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the sink has no port");
  return { url: `http://127.0.0.1:${address.port}/`, events, next, close: () => void server.close() };
};
