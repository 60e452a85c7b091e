/** What of the machine a node's removal touches: nothing that can only be somebody else's by now. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeNode } from "../../../infra/lab/node/down.ts";
import { removePods } from "../../../infra/lab/node/host/cgroups.ts";
import { removeChains } from "../../../infra/lab/node/host/iptables.ts";
import { applySettings } from "../../../infra/lab/node/host/settings.ts";
import { writeNodeRecord } from "../../../infra/lab/node/record.ts";
import { choosePorts, nodeFolder } from "../../../infra/lab/node/site.ts";

// All that would change this machine.
vi.mock(import("../../../infra/lab/node/host/bridge.ts"));
vi.mock(import("../../../infra/lab/node/host/cgroups.ts"));
vi.mock(import("../../../infra/lab/node/host/daemons.ts"));
vi.mock(import("../../../infra/lab/node/host/iptables.ts"));
vi.mock(import("../../../infra/lab/node/host/leftovers.ts"));
vi.mock(import("../../../infra/lab/node/host/mounts.ts"));
vi.mock(import("../../../infra/lab/node/host/settings.ts"));

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bellwether-test-")));
  vi.stubEnv("XDG_STATE_HOME", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.clearAllMocks();
  rmSync(folder, { recursive: true });
});

const settings = { "net/ipv4/ip_forward": "0" };

/** Whether pods, chains and settings were touched. */
const removed = async (bootId: string): Promise<readonly boolean[]> => {
  writeNodeRecord(nodeFolder(), { startedAt: "now", bootId, ports: await choosePorts(), settings, isReady: true });
  expect(await removeNode(() => undefined)).toBe(true);
  expect(existsSync(nodeFolder())).toBe(false);
  return [removePods, removeChains, applySettings].map((step) => vi.mocked(step).mock.calls.length > 0);
};

test("of a node of this boot its pods and rules go, and the settings go back", async () => {
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  expect(await removed(bootId)).toEqual([true, true, true]);
  expect(applySettings).toHaveBeenCalledWith(settings);
});

test("of a node of another boot its files go; pods, rules and settings are whoever's has started since", async () => {
  expect(await removed("another")).toEqual([false, false, false]);
});
