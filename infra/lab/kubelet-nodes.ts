/** The nodes of the stand-in kubelet: registered objects with heartbeats, of which some may be silent. */
import { succeed, type Api } from "./api.ts";

export interface Nodes {
  readonly isAwake: (node: string) => boolean;
  readonly setAwake: (node: string, awake: boolean) => void;
  readonly addressOf: (node: string) => string;
  /** The next node in turn that has these labels, silent ones left out unless all are; undefined: none has them. */
  readonly choose: (selector: Readonly<Record<string, string>>) => string | undefined;
  readonly stop: () => void;
}

const heartbeatMs = 10_000;

/** Room for as many pods as a test may want. */
const capacity = { cpu: "64", memory: "256Gi", pods: "1000" };

const labelsOf = (name: string): Readonly<Record<string, string>> => ({ "kubernetes.io/hostname": name });

const nodeObject = (name: string, address: string): unknown => {
  const now = new Date().toISOString();
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: labelsOf(name) },
    status: {
      capacity,
      allocatable: capacity,
      addresses: [
        { type: "InternalIP", address },
        { type: "Hostname", address: name },
      ],
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
    },
  };
};

/** https://kubernetes.io/docs/reference/node/node-status/#heartbeats */
const sendHeartbeat = async (api: Api, name: string): Promise<void> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`;
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name },
    spec: {
      holderIdentity: name,
      leaseDurationSeconds: 40,
      // A Lease's times have six decimals.
      renewTime: new Date().toISOString().replace("Z", "000Z"),
    },
  };
  const options = { body, contentType: "application/apply-patch+yaml" };
  await succeed(api, "PATCH", `${path}?fieldManager=kubelet`, options);
};

export const registerNodes = async (api: Api, names: readonly string[]): Promise<Nodes> => {
  const silent = new Set<string>();
  let turn = 0;
  const addressOf = (node: string): string => `10.63.0.${names.indexOf(node) + 1}`;
  await Promise.all(
    names.map((name) => succeed(api, "POST", "/api/v1/nodes", { body: nodeObject(name, addressOf(name)) })),
  );
  const beat = (): void => {
    for (const name of names.filter((node) => !silent.has(node))) {
      // A heartbeat that is lost while the API server is away is made up by the next one.
      sendHeartbeat(api, name).catch(() => undefined);
    }
  };
  beat();
  const timer = setInterval(beat, heartbeatMs);
  return {
    isAwake: (node) => !silent.has(node),
    setAwake: (node, awake) => void (awake ? silent.delete(node) : silent.add(node)),
    addressOf,
    choose: (selector) => {
      const fitting = names.filter((name) =>
        Object.entries(selector).every(([key, value]) => labelsOf(name)[key] === value),
      );
      const awake = fitting.filter((node) => !silent.has(node));
      const candidates = awake.length === 0 ? fitting : awake;
      turn += 1;
      return candidates[turn % candidates.length];
    },
    stop: () => clearInterval(timer),
  };
};
