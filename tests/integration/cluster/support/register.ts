/**
 * A store of ours outside of the cluster, at the pods' end of the bridge, as small as one can be that knows about fencing: it remembers the largest
 * token that it has seen. Of its two books one is kept with the check that the README asks stores for, the other one without.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { NODE_IP } from "../../../../infra/lab/node/site.ts";

export type BookName = "checked" | "unchecked";

export interface Entry {
  readonly id: string;
  readonly token: number;
  /** Uid of the pod that wrote. */
  readonly pod: string;
  /** By the clock of the register. */
  readonly atMs: number;
}

/** Both lists in the order of arrival. */
export interface Book {
  readonly accepted: readonly Entry[];
  readonly refused: readonly Entry[];
}

/** Writes into one book. Answers whether it was accepted. */
type Take = (write: Entry) => boolean;

const openBook = (isChecked: boolean): { readonly book: Book; readonly take: Take } => {
  const accepted: Entry[] = [];
  const refused: Entry[] = [];
  let highest = 0;
  const take: Take = (write) => {
    const isAccepted = !isChecked || write.token >= highest;
    (isAccepted ? accepted : refused).push(write);
    highest = Math.max(highest, write.token);
    return isAccepted;
  };
  return { book: { accepted, refused }, take };
};

export interface Register {
  /** For pods. */
  readonly url: string;
  /** They grow. */
  readonly books: Readonly<Record<BookName, Book>>;
  readonly close: () => Promise<void>;
}

/** `POST /write/<book>/<id>?token=…&pod=…`: 200 it is written, 409 it is not, 400 it makes no sense. */
export const openRegister = async (): Promise<Register> => {
  const checked = openBook(true);
  const unchecked = openBook(false);
  const takes: Readonly<Record<string, Take>> = { checked: checked.take, unchecked: unchecked.take };
  const server = createServer(({ url = "" }, response) => {
    const { pathname, searchParams } = new URL(url, "http://register");
    const [, book = "", id = ""] = /^\/write\/(\w+)\/([\w-]+)$/.exec(pathname) ?? [];
    const token = Number(searchParams.get("token"));
    const take = takes[book];
    if (take === undefined || !Number.isSafeInteger(token) || token <= 0) return void response.writeHead(400).end();
    const isAccepted = take({ id, token, pod: searchParams.get("pod") ?? "", atMs: Date.now() });
    return void response.writeHead(isAccepted ? 200 : 409).end();
  });
  // What a frozen application left half said must still be taken when it goes on.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  await once(server.listen(0, NODE_IP), "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://${NODE_IP}:${port}`, books: { checked: checked.book, unchecked: unchecked.book }, close };
};
