/** A node leaves nothing on the machine: not when it is told to go, and not when what brings it up is killed at any moment. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../../infra/lab/command.ts";
import { podRoots } from "../../../infra/lab/node/host/cgroups.ts";
import { daemonsOf } from "../../../infra/lab/node/host/daemons.ts";
import { undoing } from "../../../infra/lab/node/host/iptables.ts";
import { missingRequirements } from "../../../infra/lab/node/host/requirements.ts";
import { mountsBelow } from "../../../infra/lab/node/host/mounts.ts";
import { readSettings } from "../../../infra/lab/node/host/settings.ts";
import { readNodeRecord } from "../../../infra/lab/node/record.ts";
import { BRIDGE, nodeFolder } from "../../../infra/lab/node/site.ts";
import { poll } from "../../../infra/lab/poll.ts";

const CLI = join(import.meta.dirname, "../../../infra/lab/cli.ts");
const startDeadlineMs = 110_000;
const pollMs = 20;

const node = (word: string): Promise<string> => runCommand(process.execPath, [CLI, "node", word]);

const missing = await missingRequirements();
if (missing.length > 0) process.stderr.write(`the tests of a node are skipped:\n- ${missing.join("\n- ")}\n`);

/** By what is looked at: what of a node is there. */
const traces = async (): Promise<Readonly<Record<string, unknown>>> => ({
  processes: daemonsOf(nodeFolder()).map(({ name }) => name),
  pods: podRoots(),
  mounts: mountsBelow(nodeFolder()),
  links: /\b(?:bellwether0|veth\w+)\b/.exec(await runCommand("ip", ["link"]))?.[0],
  rules: undoing(await runCommand("iptables-save", [])) + undoing(await runCommand("ip6tables-save", [])),
  files: [existsSync(nodeFolder()), ...globSync("/{run/containerd,var/lib/{cni,kubelet},var/log/containers}/**")],
});

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

describe.skipIf(missing.length > 0)("a node", () => {
  let before: Readonly<Record<string, unknown>>;
  let settings: Readonly<Record<string, string>>;

  beforeAll(async () => {
    if (readNodeRecord(nodeFolder()) !== undefined) throw new Error("a node is on this machine already");
    before = await traces();
    settings = readSettings();
  });
  afterEach(async () => void (await node("down")));

  test.for(MOMENTS)("whose start is killed when %s is removed by down, without a trace", async ([when, isNow]) => {
    const starting = spawn(process.execPath, [CLI, "node", "up"], { stdio: "ignore" });
    const ended = once(starting, "exit");
    await poll(async () => (isNow() ? true : undefined), { what: when, everyMs: pollMs, deadlineMs: startDeadlineMs });
    starting.kill("SIGKILL");
    await ended;
    expect(await node("status")).toContain("left behind");
    expect(await node("down")).toContain("the node is gone");
    expect(await traces()).toEqual(before);
    expect(readSettings()).toEqual(settings);
    expect(await node("down")).toContain("no node");
  });
});
