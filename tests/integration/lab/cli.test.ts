/** `npm run lab` starts a lab that outlives the command, finds it again, and leaves nothing behind. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, expect, it } from "vitest";
import { createApi } from "../../../infra/lab/api.ts";
import { poll } from "../../../infra/lab/poll.ts";
import type { LabRecord } from "../../../infra/lab/state.ts";

const stateHome = mkdtempSync(join(tmpdir(), "bellwether-state-"));
const cli = join(import.meta.dirname, "../../../infra/lab/cli.ts");

const lab = (...args: readonly string[]): Promise<{ readonly stdout: string }> =>
  promisify(execFile)(process.execPath, [cli, ...args], { env: { ...process.env, XDG_STATE_HOME: stateHome } });

afterAll(async () => {
  await lab("down", "--name", "cli-test").catch(() => undefined);
  rmSync(stateHome, { recursive: true });
});

const folder = join(stateHome, "bellwether", "lab");
const record = (): LabRecord => JSON.parse(readFileSync(join(folder, "cli-test", "lab.json"), "utf8"));

const answers = async ({ kubeconfigs, server }: LabRecord): Promise<number> => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfigs["admin"] ?? "");
  const caPem = Buffer.from(kubeConfig.getCurrentCluster()?.caData ?? "", "base64").toString();
  const api = createApi({ server, caPem, token: kubeConfig.getCurrentUser()?.token ?? "" });
  const { status } = await api.call("GET", "/api/v1/nodes");
  api.close();
  return status;
};

it("up serves, status finds it, a second up is refused, down removes everything", async () => {
  const { stdout } = await lab("up", "--name", "cli-test", "--kubelet");
  expect(stdout).toContain("npm run lab -- down --name cli-test");
  expect(await answers(record())).toBe(200);
  expect((await lab("status")).stdout).toMatch(/^cli-test +running/);
  await expect(lab("up", "--name", "cli-test")).rejects.toThrow(/it runs already/);
  await lab("down", "--name", "cli-test");
  expect(readdirSync(folder)).toEqual([]);
  expect((await lab("status")).stdout).toBe("no labs\n");
});

it("a lab whose process was killed is shown as dead and can be taken down", async () => {
  await lab("up", "--name", "cli-test");
  process.kill(record().pid, "SIGKILL");
  await poll(async () => (existsSync(join(folder, "cli-test", "data")) ? undefined : true), {
    what: "the end of the orphaned lab",
    everyMs: 50,
    deadlineMs: 10_000,
  });
  expect((await lab("status")).stdout).toMatch(/^cli-test +dead/);
  await lab("down", "--name", "cli-test");
  expect(readdirSync(folder)).toEqual([]);
});

it("wrong input is refused with the field, what it got and what it accepts", async () => {
  await expect(lab("start")).rejects.toThrow('command is "start"; it must be one of up, down, status, build');
  await expect(lab("up", "--name", "a/b")).rejects.toThrow('--name is "a/b"; it takes lower-case letters');
});
