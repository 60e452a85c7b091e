/**
 * A node leaves nothing on the machine: not when it is told to go, and not when what brings it up is killed at any moment; and no two
 * processes change it at the same time.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../../infra/lab/command.ts";
import { podRoots } from "../../../infra/lab/node/host/cgroups.ts";
import { runOnHost } from "../../../infra/lab/node/host/command.ts";
import { daemonsOf } from "../../../infra/lab/node/host/daemons.ts";
import { chainsThere } from "../../../infra/lab/node/host/iptables.ts";
import { mountsBelow } from "../../../infra/lab/node/host/mounts.ts";
import { readSettings } from "../../../infra/lab/node/host/settings.ts";
import { readNodeRecord } from "../../../infra/lab/node/record.ts";
import { BRIDGE, nodeFolder } from "../../../infra/lab/node/site.ts";
import { keptSite, missingForNode } from "../../../infra/lab/node/up.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { logToStderr } from "../../../infra/lab/progress.ts";

const LAB = join(import.meta.dirname, "../../../infra/lab");
const CLI = join(LAB, "cli.ts");
const BORROW = join(LAB, "node/borrow.ts");
const startDeadlineMs = 180_000;
const lifeDeadlineMs = 300_000;
const pollMs = 20;

const node = (word: string, env: Readonly<Record<string, string>> = {}): Promise<string> =>
  runCommand(process.execPath, [CLI, "node", word], { env });

// Before anything else, and so before any `down`.
if (keptSite() !== undefined) throw new Error("a node is kept on this machine: npm run lab -- node down");
const missing = await missingForNode(logToStderr);
if (missing.length > 0) process.stderr.write(`the tests of a node are skipped:\n- ${missing.join("\n- ")}\n`);

/** By what is looked at: what of a node is there. */
const traces = async (): Promise<Readonly<Record<string, unknown>>> => ({
  processes: daemonsOf(nodeFolder()).map(({ name }) => name),
  pods: podRoots(),
  mounts: mountsBelow(nodeFolder()),
  links: /\b(?:bellwether0|veth\w+)\b/.exec(await runOnHost("ip", ["link"]))?.[0],
  rules: await chainsThere(),
  files: [existsSync(nodeFolder()), ...globSync("/{run/containerd,var/lib/{cni,kubelet},var/log/containers}/**")],
});

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
};

const bridgeExists = (): boolean => existsSync(`/sys/class/net/${BRIDGE}`);

const processRuns = (name: string) => (): boolean => daemonsOf(nodeFolder()).some((daemon) => daemon.name === name);

const podRuns = (): boolean =>
  globSync("/sys/fs/cgroup/{memory/,}kubepods/**/cgroup.procs").some((file) => readFileSync(file, "utf8") !== "");

const MOMENTS: readonly (readonly [when: string, isNow: () => boolean])[] = [
  ["it has made the bridge", bridgeExists],
  ["the API server starts", processRuns("kube-apiserver")],
  ["the kubelet starts", processRuns("kubelet")],
  ["pods run", podRuns],
];

describe.skipIf(missing.length > 0)("a node", { timeout: lifeDeadlineMs }, () => {
  let before: Readonly<Record<string, unknown>>;
  let settings: Readonly<Record<string, string>>;

  beforeAll(async () => {
    before = await traces();
    settings = readSettings();
  });
  const living: ChildProcess[] = [];
  const begin = (...args: readonly string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    living.push(child);
    return child;
  };
  afterEach(async () => {
    await Promise.all(living.splice(0).map(kill));
    await node("down");
  });

  const expectNothingLeft = async (): Promise<void> => {
    expect(await traces()).toEqual(before);
    expect(readSettings()).toEqual(settings);
    expect(await node("down")).toContain("no node");
  };

  test.for(MOMENTS)("whose start is killed when %s is removed by down, without a trace", async ([when, isNow]) => {
    const starting = begin(CLI, "node", "up");
    await poll(async () => (isNow() ? true : undefined), { what: when, everyMs: pollMs, deadlineMs: startDeadlineMs });
    await kill(starting);
    expect(await node("status")).toContain("left behind");
    expect(await node("down")).toContain("the node is gone");
    await expectNothingLeft();
  });

  test("that is ready is removed by down, without a trace; until it is ready nobody else changes it, and then nobody else brings one up", async () => {
    const starting = begin(CLI, "node", "up");
    const ended = once(starting, "exit");
    await poll(async () => (bridgeExists() ? true : undefined), {
      what: "bridge",
      everyMs: pollMs,
      deadlineMs: startDeadlineMs,
    });
    await expect(node("up")).rejects.toThrow("another process brings a node up or down");
    await expect(node("down")).rejects.toThrow("another process brings a node up or down");
    expect(await node("status")).toContain("starting");
    expect(await ended).toEqual([0, null]);
    expect(await node("status")).toMatch(/^running/);
    await expect(node("up")).rejects.toThrow("a node runs on this machine already");
    for (const word of ["up", "down", "status"]) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(node(word, { XDG_STATE_HOME: tmpdir() })).rejects.toThrow(nodeFolder());
    }
    for (const { pid } of daemonsOf(nodeFolder()).filter(({ name }) => name === "kube-apiserver"))
      process.kill(pid, "SIGKILL");
    await expect.poll(() => node("status")).toContain("broken (ended: kube-apiserver)");
    expect(await node("down")).toContain("the node is gone");
    await expectNothingLeft();
  });

  test("that tests had for themselves is left behind when they are killed, and the next ones begin with one of their own", async () => {
    const program = `
      const { borrowNode } = await import(${JSON.stringify(BORROW)});
      await borrowNode(() => undefined);
      setInterval(() => undefined, 1000);`;
    const tests = begin("--input-type=module", "-e", program);
    await poll(async () => (readNodeRecord(nodeFolder())?.isReady === true ? true : undefined), {
      what: "node for tests",
      everyMs: pollMs,
      deadlineMs: startDeadlineMs,
    });
    expect(await node("status")).toMatch(/^running for tests/);
    await expect(missingForNode(logToStderr)).rejects.toThrow("another process");
    await kill(tests);
    expect(await node("status")).toMatch(/^left behind/);
    expect(await missingForNode(logToStderr)).toEqual([]);
    await expectNothingLeft();
  });
});
