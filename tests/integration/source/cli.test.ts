/** `npm run source` as a user runs it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { succeed } from "../../../infra/lab/api.ts";
import { startRecorder } from "../../contract/events/recorder.ts";
import { createNamespace, openStage, type Stage } from "./scenario.ts";

const CLI = join(import.meta.dirname, "../../../events/source/cli.ts");

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

interface Run {
  readonly exitCode: Promise<number | null>;
  /** Everything on standard error once the text was there, or once it ended. */
  until(text: string): Promise<string>;
  stop(): void;
}

const runCli = (...args: readonly string[]): Run => {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return {
    exitCode: exited.then(([code]) => code as number | null),
    until: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (text.includes(wanted)) resolve(text);
        };
        child.stderr.on("data", look).once("end", () => resolve(text));
        look();
      }),
    stop: () => child.kill("SIGTERM"),
  };
};

it("sends the changes of the resources that it is given, until SIGTERM, and exits with 0", async () => {
  const sink = await startRecorder();
  await createNamespace(stage, "cli");
  const kubeconfig = stage.plane.kubeconfig("bellwether-sources");
  const cli = runCli(
    "--sink",
    sink.url,
    "--kubeconfig",
    kubeconfig,
    "--namespace",
    "cli",
    "--resource",
    "v1/pods?app=db",
  );
  expect(await cli.until("watching")).toContain(`sending to ${sink.url}`);
  const pods = "/api/v1/namespaces/cli/pods";
  const spec = { containers: [{ name: "c", image: "i" }] };
  await succeed(stage.api, "POST", pods, { body: { metadata: { name: "other" }, spec } });
  await succeed(stage.api, "POST", pods, { body: { metadata: { name: "wanted", labels: { app: "db" } }, spec } });
  const { headers } = await sink.first(() => true);
  expect([headers["ce-type"], headers["ce-name"]]).toEqual(["dev.knative.apiserver.resource.add", "wanted"]);
  cli.stop();
  expect(await cli.exitCode).toBe(0);
  await sink.close();
});

it.each([
  [[], "--sink: got nothing, accepts an http or https URL"],
  [["--sink", "ftp://x"], "--sink: got ftp://x, accepts an http or https URL"],
  [["--sink", "http://x", "--mode", "Full"], '--mode: got "Full", accepts Resource or Reference'],
  [["--sink", "http://x", "--resource", "pods"], '--resource: got "pods", accepts [GROUP/]VERSION/PLURAL[?SELECTOR]'],
  [["--sink", "http://x", "--kubeconfig", "/nowhere"], "/nowhere"],
])("refuses %j with exit code 1", async (args, message) => {
  const cli = runCli(...args);
  expect(await cli.until(message)).toContain(message);
  expect(await cli.exitCode).toBe(1);
});
