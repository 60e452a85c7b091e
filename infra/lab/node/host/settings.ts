/** The kernel settings that a node changes, itself or by one of its parts; what they were before is put back. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const WANTED: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "1",
  // Between pods on the bridge, too, Services are found by iptables.
  "net/bridge/bridge-nf-call-iptables": "1",
};

/** Set by kube-proxy, the first, and by the kubelet (`setupKernelTunables` of its container manager). */
const FOLLOWING = [
  "net/ipv4/conf/all/route_localnet",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

const fileOf = (name: string): string => join("/proc/sys", name);

const write = (name: string, value: string): void => {
  try {
    writeFileSync(fileOf(name), value);
  } catch (error) {
    // Some of the kernel's refusals name no file.
    throw new Error(`${name} cannot be set to ${value}: ${String(error)}`, { cause: error });
  }
};

const isThere = (name: string): boolean => existsSync(fileOf(name));

/** Of those that the kernel has. */
export const readSettings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...Object.keys(WANTED), ...FOLLOWING]
      .filter(isThere)
      .map((name) => [name, readFileSync(fileOf(name), "utf8").trim()]),
  );

/**
 * Passes over what the kernel has not: after a reboot a setting comes back only with its module.
 * @throws when one cannot be written.
 */
export const applySettings = (settings: Readonly<Record<string, string>> = WANTED): void => {
  for (const [name, value] of Object.entries(settings)) if (isThere(name)) write(name, value);
};
