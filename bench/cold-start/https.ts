/** The second floor: bare node:http and node:https, one GET and one PATCH over TLS for each event, and nothing else. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Agent, request } from "node:https";
import { json } from "node:stream/consumers";

const { hostname, port } = new URL(process.env["BELLWETHER_API_SERVER"] ?? "");
const agent = new Agent({ keepAlive: true, ca: readFileSync(process.env["BELLWETHER_CA_FILE"] ?? "") });

const call = (method: string, path: string, body?: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const headers =
      body === undefined
        ? {}
        : { "content-type": "application/merge-patch+json", "content-length": Buffer.byteLength(body) };
    request({ agent, hostname, port, method, path, headers }, (response) => resolve(json(response)))
      .once("error", reject)
      .end(body);
  });

createServer((incoming, response) => {
  const work = async (): Promise<void> => {
    await json(incoming);
    const { items } = (await call("GET", "/api/v1/namespaces/data/pods?labelSelector=app%3Ddb")) as {
      items: readonly { metadata: { name: string } }[];
    };
    const path = `/api/v1/namespaces/data/pods/${items[0]?.metadata.name}`;
    await call("PATCH", path, JSON.stringify({ metadata: { labels: { a: "b" } } }));
    response.writeHead(204).end();
  };
  void work();
}).listen(Number(process.env["PORT"]));
