/**
 * The bridge that pods are plugged into. It exists before the first pod, because the node's own address is on it. Rules let pass what
 * comes from it, also where the machine forwards nothing by default, and drop what others send to it: Linux answers for each of its
 * addresses on every link.
 */
import { BRIDGE, NODE_IP } from "../site.ts";
import { runOnHost } from "./command.ts";
import { restoreRules } from "./iptables.ts";

interface Link {
  readonly ifname: string;
}

const linksOf = async (...filter: readonly string[]): Promise<readonly string[]> => {
  const links: readonly Partial<Link>[] = JSON.parse(
    (await runOnHost("ip", ["-json", "link", "show", ...filter])) || "[]",
  );
  return links.map(({ ifname }) => ifname).filter((name) => name !== undefined);
};

/**
 * By their names `removeChains` removes the chains and what leads into them. kube-proxy puts its own rules before these, which matters:
 * it is they that refuse connections to a Service without endpoints.
 */
export const BRIDGE_RULES: string = `*filter
:CNI-BELLWETHER-INPUT - [0:0]
:CNI-BELLWETHER-FORWARD - [0:0]
-I INPUT -d ${NODE_IP} -j CNI-BELLWETHER-INPUT
-I FORWARD -j CNI-BELLWETHER-FORWARD
-A CNI-BELLWETHER-INPUT -i lo -j ACCEPT
-A CNI-BELLWETHER-INPUT -i ${BRIDGE} -j ACCEPT
-A CNI-BELLWETHER-INPUT -j DROP
-A CNI-BELLWETHER-FORWARD -i ${BRIDGE} -j ACCEPT
-A CNI-BELLWETHER-FORWARD -o ${BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A CNI-BELLWETHER-FORWARD -o ${BRIDGE} -j DROP
COMMIT
`;

export const createBridge = async (): Promise<void> => {
  await runOnHost("ip", ["link", "add", BRIDGE, "type", "bridge"]);
  await restoreRules("iptables-restore", BRIDGE_RULES);
  await runOnHost("ip", ["address", "add", `${NODE_IP}/24`, "dev", BRIDGE]);
  await runOnHost("ip", ["link", "set", BRIDGE, "up"]);
};

/** Also the pods' ends on it, which the kernel would keep for a moment longer. Nothing to do is no error. */
export const removeBridge = async (): Promise<void> => {
  const all = await linksOf();
  if (!all.includes(BRIDGE)) return;
  const plugged = await linksOf("master", BRIDGE);
  await Promise.all(plugged.map((name) => runOnHost("ip", ["link", "delete", name]).catch(() => undefined)));
  await runOnHost("ip", ["link", "delete", BRIDGE]);
};
