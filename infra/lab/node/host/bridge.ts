/** The bridge that pods are plugged into. It exists before the first pod, because the node's own address is on it. */
import { runCommand } from "../../command.ts";
import { BRIDGE, NODE_IP } from "../site.ts";

interface Link {
  readonly ifname: string;
}

const linksOf = async (...filter: readonly string[]): Promise<readonly string[]> => {
  const links: readonly Partial<Link>[] = JSON.parse(
    (await runCommand("ip", ["-json", "link", "show", ...filter])) || "[]",
  );
  return links.map(({ ifname }) => ifname).filter((name) => name !== undefined);
};

export const createBridge = async (): Promise<void> => {
  await runCommand("ip", ["link", "add", BRIDGE, "type", "bridge"]);
  await runCommand("ip", ["address", "add", `${NODE_IP}/24`, "dev", BRIDGE]);
  await runCommand("ip", ["link", "set", BRIDGE, "up"]);
};

/** Also the pods' ends on it, which the kernel would keep for a moment longer. Nothing to do is no error. */
export const removeBridge = async (): Promise<void> => {
  const all = await linksOf();
  if (!all.includes(BRIDGE)) return;
  const plugged = await linksOf("master", BRIDGE);
  await Promise.all(plugged.map((name) => runCommand("ip", ["link", "delete", name]).catch(() => undefined)));
  await runCommand("ip", ["link", "delete", BRIDGE]);
};
