/**
 * A writer that is cut off as a pod on a lost node is: nobody can connect to it anew, probes included, its packets to the API server are dropped, and nothing tells it
 * that another one writes. Its established connections and its way to the store go on. There is one node, and cutting off its kubelet would cut off all pods;
 * so this pod's files stay as they are instead, which is all that it would have learnt from its kubelet.
 */
import { succeed } from "../../../../infra/lab/api.ts";
import { runOnHost } from "../../../../infra/lab/node/host/command.ts";
import { restoreRules } from "../../../../infra/lab/node/host/iptables.ts";
import { NODE_IP } from "../../../../infra/lab/node/site.ts";
import { pathOf, type Fault, type WithAddress } from "./faults.ts";
import { inform, keepUninformed } from "./podinfo.ts";

/** By its name `npm run lab -- node down` removes it, too, with what leads into it. */
const CHAIN = "CNI-CUT-OFF";

const isThere = async (): Promise<boolean> => (await runOnHost("iptables-save", ["-t", "filter"])).includes(CHAIN);

const restore = (...lines: readonly string[]): Promise<void> =>
  restoreRules("iptables-restore", ["*filter", ...lines, "COMMIT", ""].join("\n"));

/** Also where a run that was killed has left it. */
export const removeCutOff = async (): Promise<void> => {
  if (!(await isThere())) return;
  await restore(`-D INPUT -j ${CHAIN}`, `-D OUTPUT -j ${CHAIN}`, `-F ${CHAIN}`, `-X ${CHAIN}`);
};

/** One pod at a time, until `reconnect`. */
export const cutOff: Fault = async (node, victim) => {
  const { podIP } = (await succeed<WithAddress>(node.api, "GET", pathOf(victim))).status;
  await removeCutOff();
  await keepUninformed(node, victim.pod.uid);
  await restore(
    `:${CHAIN} - [0:0]`,
    `-A ${CHAIN} -s ${podIP} -d ${NODE_IP} -p tcp --dport ${node.site.ports.apiServer} -j DROP`,
    `-A ${CHAIN} -d ${podIP} -p tcp --syn -j DROP`,
    `-I INPUT -j ${CHAIN}`,
    `-I OUTPUT -j ${CHAIN}`,
  );
};

export const reconnect: Fault = async (_, victim) => {
  await removeCutOff();
  await inform(victim.pod.uid);
};
