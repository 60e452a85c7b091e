/** How a node looks at the machine before it changes it, and what of its changes can be undone later, on a machine that was started anew. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { BRIDGE_RULES } from "../../../infra/lab/node/host/bridge.ts";
import { undoing } from "../../../infra/lab/node/host/iptables.ts";
import {
  answersOf,
  leadsSomewhere,
  missingPrograms,
  neededDiskBytes,
} from "../../../infra/lab/node/host/requirements.ts";
import { applySettings, readSettings } from "../../../infra/lab/node/host/settings.ts";
import { kubelet } from "../../../infra/lab/node/parts/kubelet.ts";
import { pkiOf } from "../../../infra/lab/node/pki.ts";
import { choosePorts, nodeFolder, siteOf } from "../../../infra/lab/node/site.ts";
import { freePort } from "../../../infra/lab/ports.ts";

vi.mock(import("../../../infra/lab/ports.ts"));

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bellwether-node-")));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const refused = (): never => {
  throw new Error("iptables-save ended with 4");
};

const install = (where: string, ...names: readonly string[]): void => {
  mkdirSync(where, { recursive: true });
  for (const name of names) {
    writeFileSync(join(where, name), "");
    chmodSync(join(where, name), 0o755);
  }
};

describe("a look at the machine", () => {
  test("that fails is an answer, and those after it are still looked at", async () => {
    const answers = await answersOf([refused, () => undefined, () => "no bridge"]);
    expect(answers).toEqual(["a look at this machine failed: iptables-save ended with 4", "no bridge"]);
  });

  test("tells programs that PATH does not lead to from those that are not installed", () => {
    const [bin, sbin] = [join(folder, "bin"), join(folder, "sbin")];
    install(bin, "mount", "umount");
    install(sbin, "ip");
    const [uninstalled, hidden, ...others] = missingPrograms([bin], [sbin]);
    expect(uninstalled).toMatch(/^programs are missing; .* iptables\b.* kmod$/);
    expect(hidden).toBe(`PATH does not lead to programs of iproute2: add ${sbin} to it`);
    expect(others).toEqual([]);
  });

  test.for([
    ["", false],
    ["default via 192.0.2.1 dev eth0 \n", false],
    ["0.0.0.0/1 via 10.8.0.1 dev tun0 \ndefault via 192.0.2.1 dev eth0 \n", false],
    ["default via 192.0.2.1 dev eth0 \n10.0.0.0/8 dev lan0 proto kernel scope link src 10.96.3.4 \n", true],
    ["10.245.0.0/25 dev lan0 scope link \n", true],
  ] as const)("takes %j for addresses in use: %s", ([routes, isUsed]) => {
    expect(leadsSomewhere(routes)).toBe(isUsed);
  });
});

describe("kernel settings", () => {
  test("are kept of all that the node's parts change", () => {
    const changed = [
      "net/ipv4/ip_forward",
      "net/bridge/bridge-nf-call-iptables",
      "net/ipv4/conf/all/route_localnet",
      "vm/overcommit_memory",
      "vm/panic_on_oom",
      "kernel/panic",
      "kernel/panic_on_oops",
      "kernel/keys/root_maxkeys",
      "kernel/keys/root_maxbytes",
    ];
    expect(Object.keys(readSettings())).toEqual(changed.filter((name) => existsSync(`/proc/sys/${name}`)));
  });

  test("that the kernel no longer has are passed over when they are put back", () => {
    expect(() => applySettings({ "net/bridge/of-a-module-that-is-not-loaded": "1" })).not.toThrow();
  });
});

test("what the bridge adds to iptables is undone by the names of its chains", () => {
  // As `iptables-save` prints them.
  expect(undoing(BRIDGE_RULES.replaceAll("-I ", "-A ")).split("\n")).toEqual([
    "*filter",
    "-D INPUT -d 10.245.0.1 -j CNI-BELLWETHER-INPUT",
    "-D FORWARD -j CNI-BELLWETHER-FORWARD",
    "-F CNI-BELLWETHER-INPUT",
    "-F CNI-BELLWETHER-FORWARD",
    "-X CNI-BELLWETHER-INPUT",
    "-X CNI-BELLWETHER-FORWARD",
    "COMMIT",
    "",
  ]);
});

test("the node's folder is named as the kernel names it, also where a symbolic link leads to it", () => {
  mkdirSync(join(folder, "disk"));
  symlinkSync(join(folder, "disk"), join(folder, "state"));
  vi.stubEnv("XDG_STATE_HOME", join(folder, "state"));
  expect(nodeFolder()).toBe(join(folder, "disk", "bellwether", "node"));
});

test("no two parts of a node get the same port", async () => {
  let drawn = 0;
  vi.mocked(freePort).mockImplementation(() => Promise.resolve(20_000 + Math.floor(drawn++ / 2)));
  const ports = Object.values(await choosePorts());
  expect(new Set(ports).size).toBe(ports.length);
  expect(ports).not.toContain(undefined);
});

test("a disk with as much free as a node asks for is none on which the kubelet evicts, however large it is", async () => {
  vi.mocked(freePort).mockImplementation(() => Promise.resolve(20_000 + Math.floor(Math.random() * 10_000)));
  const site = siteOf(folder, await choosePorts());
  kubelet(site, pkiOf(site), "kubelet");
  const { evictionHard }: { evictionHard: Readonly<Record<string, string>> } = parse(
    readFileSync(site.file("kubelet.yaml"), "utf8"),
  );
  const bounds = Object.entries(evictionHard).filter(([signal]) => signal.endsWith("fs.available"));
  expect(bounds.map(([signal]) => signal)).toEqual(["nodefs.available", "imagefs.available"]);
  for (const [, bytes] of bounds) {
    expect(bytes).toMatch(/^\d+$/);
    // What the node takes meanwhile is on top of it.
    expect(neededDiskBytes - Number(bytes)).toBeGreaterThanOrEqual(6 * 1024 ** 3);
  }
  // Some file systems count no files: there a bound on them would be undercut from the start.
  expect(Object.keys(evictionHard).filter((signal) => signal.includes("inodes"))).toEqual([]);
});
