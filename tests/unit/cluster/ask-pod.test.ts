/** The tests on a node reach pods also where this machine's calls go through a proxy. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../../infra/lab/command.ts";

const MODULE = join(import.meta.dirname, "../../integration/cluster/support/ask-pod.ts");

test("a pod is asked directly, and its answer is what it says, whatever its status", async () => {
  const server = createServer(({ method, url }, response) => void response.writeHead(503).end(`${method} ${url}`));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/200`;
  const program = `
    const { askPod } = await import(${JSON.stringify(MODULE)});
    process.stdout.write(await askPod(${JSON.stringify(url)}, "POST"));`;
  const nowhere = "http://127.0.0.1:9";
  const env = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: nowhere, http_proxy: nowhere, NO_PROXY: "", no_proxy: "" };
  expect(await runCommand(process.execPath, ["--input-type=module", "-e", program], { env })).toBe("POST /200");
  await new Promise((resolve) => void server.close(resolve));
});
