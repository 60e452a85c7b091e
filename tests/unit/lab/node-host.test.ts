/** Programs that look at this machine or change it keep nobody: one that does not end is given up, and one that waits for others waits for so long. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createBridge, removeBridge } from "../../../infra/lab/node/host/bridge.ts";
import { removeChains, restoreRules } from "../../../infra/lab/node/host/iptables.ts";
import { unmountBelow } from "../../../infra/lab/node/host/mounts.ts";
import { links, noOtherKubernetes } from "../../../infra/lab/node/host/requirements.ts";

/** A fraction of each deadline that is asked for; without one it stays without. */
const shortened = vi.hoisted(() => ({ to: 1 }));

vi.mock(import("../../../infra/lab/command.ts"), async (original) => {
  const { runCommand, ...others } = await original();
  return {
    ...others,
    runCommand: (file, args, options) => {
      const deadlineMs = options?.deadlineMs;
      const shorter = deadlineMs === undefined ? {} : { deadlineMs: deadlineMs * shortened.to };
      return runCommand(file, args, { ...options, ...shorter });
    },
  };
});

const ENDLESS = "setInterval(() => undefined, 1000);";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-test-"));
  // The machine's own programs are out of reach.
  vi.stubEnv("PATH", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  shortened.to = 1;
  rmSync(folder, { recursive: true });
});

/** In place of the machine's. */
const program = (name: string, script: string): void => {
  writeFileSync(join(folder, name), `#!${process.execPath}\n${script}`);
  chmodSync(join(folder, name), 0o755);
};

describe("a program of the machine that does not end is given up, and it is said which one and when:", () => {
  beforeEach(() => void (shortened.to = 0.01));

  test.for([
    ["a bridge is made", createBridge, "ip", /^ip link add bellwether0 type bridge did not end within 0\.3 s$/],
    ["a bridge is removed", removeBridge, "ip", /^ip -json link show did not end within 0\.3 s$/],
    ["chains are looked for", removeChains, "iptables-save", /^iptables-save.* did not end within 0\.3 s$/],
    [
      "rules are written",
      () => restoreRules("iptables-restore", "*nat\nCOMMIT\n"),
      "iptables-restore",
      /^iptables-restore --noflush --wait=20 did not end within 0\.3 s\n\*nat\nCOMMIT\n$/,
    ],
  ] as const)("%s", async ([, step, name, message]) => {
    program(name, ENDLESS);
    await expect(step()).rejects.toThrow(message);
  });

  test("something is unmounted", async () => {
    program("umount", ENDLESS);
    // Every Linux has something mounted there.
    await expect(unmountBelow("/dev")).rejects.toThrow(/^umount --lazy \/dev\/\S+ did not end within 0\.3 s$/);
  });

  test("the machine is looked at", async () => {
    program("ip", ENDLESS);
    expect(await links()).toMatch(/cannot be made: ip link add .* did not end within 0\.3 s$/);
  });
});

test("rules wait for others that change them for less than a program may take, and are written from what is given", async () => {
  const heard = join(folder, "heard");
  program(
    "iptables-restore",
    `const { readFileSync, writeFileSync } = require("node:fs");
    writeFileSync(${JSON.stringify(heard)}, JSON.stringify([process.argv.slice(2), readFileSync(0, "utf8")]));`,
  );
  await restoreRules("iptables-restore", "*filter\nCOMMIT\n");
  expect(JSON.parse(readFileSync(heard, "utf8"))).toEqual([["--noflush", "--wait=20"], "*filter\nCOMMIT\n"]);
});

test("rules that are refused are said, with the reason", async () => {
  program("iptables-restore", `process.stderr.write("line 2 failed"); process.exitCode = 1;`);
  await expect(restoreRules("iptables-restore", "*nat\nwrong\n")).rejects.toThrow(
    /ended with 1\nline 2 failed\n\*nat\nwrong/,
  );
});

test("another Kubernetes is noticed by what it has for one address family alone", async () => {
  program("iptables-save", "");
  program("ip6tables-save", `process.stdout.write("*nat\\n:KUBE-SERVICES - [0:0]\\nCOMMIT\\n");`);
  expect(await noOtherKubernetes()).toMatch(/^another Kubernetes runs on this machine/);
});

test("what a look has left that was killed does not stand in the way of the next one", async () => {
  const made = join(folder, "made");
  writeFileSync(made, JSON.stringify(["bellwether-try", "bellwether-a"]));
  program(
    "ip",
    `const { readFileSync, writeFileSync } = require("node:fs");
    const file = ${JSON.stringify(made)};
    const links = JSON.parse(readFileSync(file, "utf8"));
    const [, verb, name] = process.argv.slice(2);
    const others = links.filter((link) => link !== name);
    if (verb === "add" && others.length < links.length) throw new Error("File exists");
    writeFileSync(file, JSON.stringify(verb === "add" ? [...links, name] : verb === "delete" ? others : links));`,
  );
  expect(await links()).toBeUndefined();
  expect(JSON.parse(readFileSync(made, "utf8"))).toEqual([]);
});
