/** The local source as the image has it, when the API server comes later than it does: after a restart of the whole cluster. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { PODS } from "../../../functions/kit/kube/request.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";
import { serveMemoryApi } from "../../../infra/lab/memory/http.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { ROOT } from "../../unit/infra/files.ts";
import { handsOn } from "../../unit/support/hands-on.ts";
import { startRecorder } from "./recorder.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves to standard error once it has the text. @throws when the process ends before. */
  readonly says: (text: string) => Promise<string>;
}

const run = (server: string, sink: string): Run => {
  const args = [path.join(ROOT, "infra/image/source.ts"), `--sink=${sink}`, "--all-namespaces", "--resource=v1/pods"];
  const env = { BELLWETHER_API_SERVER: server };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "pipe"] });
  closers.push(() => child.kill("SIGKILL"));
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    output += piece;
  });
  const says = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.includes(text)) resolve(output);
      };
      child.stderr.on("data", look);
      child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${output}`)));
      look();
    });
  return { child, says };
};

test("it waits for an API server that is away, or not ready, and sends what happens from then on", async () => {
  const port = await freePort();
  const sink = await startRecorder();
  closers.push(sink.close);
  const source = run(`http://127.0.0.1:${port}`, sink.url);
  await source.says("waiting for the API server: Error: connect ECONNREFUSED");

  const starting = createServer((_request, response) => response.writeHead(500).end("[-]poststarthook failed"));
  await new Promise<void>((resolve) => {
    starting.listen(port, "127.0.0.1", resolve);
  });
  await source.says("waiting for the API server: status 500");
  starting.closeAllConnections();
  await new Promise((resolve) => starting.close(resolve));

  const memory = createMemoryApi({ now: Date.now, crds: [] });
  const api = await serveMemoryApi(memory, { port });
  closers.push(api.close);
  await source.says("watching; sending to");
  handsOn(memory).create(PODS, { metadata: { name: "a" }, spec: { containers: [{ name: "a", image: "a" }] } });
  const { headers } = await sink.first(() => true);
  expect([headers["ce-type"], headers["ce-name"]]).toEqual(["dev.knative.apiserver.resource.add", "a"]);
});

test("a server that does not tell whether it is ready is asked for what there is to watch", async () => {
  const refusing = createServer((_request, response) => response.writeHead(403).end("{}")).listen(0, "127.0.0.1");
  closers.push(() => refusing.close());
  await new Promise((resolve) => {
    refusing.once("listening", resolve);
  });
  const address = refusing.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { says } = run(`http://127.0.0.1:${port}`, "http://127.0.0.1:1/");
  expect(await says("GET /api/v1: 403")).not.toContain("waiting");
});
