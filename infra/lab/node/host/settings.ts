/** The kernel settings that routing to pods and Services needs; what they were before is put back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const WANTED: Readonly<Record<string, string>> = {
  "net/ipv4/ip_forward": "1",
  // Between pods on the bridge, too, Services are found by iptables.
  "net/bridge/bridge-nf-call-iptables": "1",
};

/** Set by kube-proxy. */
const FOLLOWING = ["net/ipv4/conf/all/route_localnet"];

const fileOf = (name: string): string => join("/proc/sys", name);

/** @throws when the kernel has one of them not. */
export const readSettings = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...Object.keys(WANTED), ...FOLLOWING].map((name) => [name, readFileSync(fileOf(name), "utf8").trim()]),
  );

export const applySettings = (settings: Readonly<Record<string, string>> = WANTED): void => {
  for (const [name, value] of Object.entries(settings)) writeFileSync(fileOf(name), value);
};
