/**
 * The role application as a process: `node infra/lab/role-app.ts --id db-0 --port 8000 --control-port 8001`. A test changes its
 * behaviour over HTTP: `GET /` shows it, `PATCH /` with some of its fields as JSON changes it.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { readChange } from "./role-app-behaviour.ts";
import { startRoleApp, type RoleApp, type RoleAppOptions } from "./role-app-server.ts";

const USAGE = `Usage: node infra/lab/role-app.ts --id POD --port PORT --control-port PORT [OPTIONS]

Speaks notification.v1 and is what it is told to be. It begins as a follower.

  --id POD              name of the pod that it stands for
  --host ADDRESS        address of both ports; default: 127.0.0.1
  --port PORT           of gRPC
  --control-port PORT   of HTTP: GET / shows the behaviour, PATCH / changes it
  --tls-cert FILE       server certificate; with --tls-key
  --tls-key FILE
  --tls-client-ca FILE  asks for client certificates of this authority (mutual TLS)
  --sink URL            takes the CloudEvent by which it claims to lead; with --namespace
  --namespace NAME      of the pod
`;

const options = {
  id: { type: "string" },
  host: { type: "string", default: "127.0.0.1" },
  port: { type: "string" },
  "control-port": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  sink: { type: "string" },
  namespace: { type: "string" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

const needed = (flags: Flags, name: keyof Flags): string => {
  const value = flags[name];
  if (value === undefined || value === "") throw new Error(`--${name}: got nothing\n\n${USAGE}`);
  return value;
};

const portOf = (flags: Flags, name: "port" | "control-port"): number => {
  const port = Number(needed(flags, name));
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Error(`--${name}: got ${JSON.stringify(flags[name])}, accepted is 1 to 65535`);
};

const tlsOf = async (flags: Flags): Promise<RoleAppOptions["tls"]> => {
  if (flags["tls-cert"] === undefined && flags["tls-key"] === undefined) return undefined;
  const read = (name: keyof Flags): Promise<string> => readFile(needed(flags, name), "utf8");
  return {
    certificatePem: await read("tls-cert"),
    keyPem: await read("tls-key"),
    clientCaPem: flags["tls-client-ca"] === undefined ? undefined : await read("tls-client-ca"),
  };
};

const reply = (response: ServerResponse, statusCode: number, body: unknown): void => {
  response.writeHead(statusCode, { "content-type": "application/json" }).end(JSON.stringify(body));
};

const control = async (app: RoleApp, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (request.method === "GET") return reply(response, 200, { behaviour: app.behaviour(), asked: app.asked() });
  if (request.method !== "PATCH") return reply(response, 405, { problem: "accepted are GET and PATCH" });
  try {
    return reply(response, 200, { claim: await app.behave(readChange(await text(request))) });
  } catch (error) {
    return reply(response, 400, { problem: String(error) });
  }
};

const main = async (): Promise<void> => {
  const { values: flags } = parseArgs({ options });
  const host = needed(flags, "host");
  const app = await startRoleApp({
    id: needed(flags, "id"),
    host,
    port: portOf(flags, "port"),
    tls: await tlsOf(flags),
    claims: flags.sink === undefined ? undefined : { sink: flags.sink, namespace: needed(flags, "namespace") },
  });
  const server = createServer((request, response) => void control(app, request, response));
  server.listen(portOf(flags, "control-port"), host);
  await once(server, "listening");
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
