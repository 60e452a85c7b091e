/** Which events reached an instance of the function, and when: Knative's own request log, which is on while somebody wants to know. */
import { succeed } from "../../../../infra/lab/api.ts";
import { openNode, type ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { runningSite } from "../../../../infra/lab/node/up.ts";
import { functionPods } from "./function.ts";

const CONFIG = "/api/v1/namespaces/knative-serving/configmaps/config-observability";

/** A Go template, on one line; the fields are those of `Line`. */
const template = `{${[
  ...["id", "namespace", "name", "time"].map((field) => `"${field}":"{{.Request.Header.Get "Ce-${field}"}}"`),
  `"status":{{.Response.Code}}`,
  `"seconds":{{.Response.Latency}}`,
].join()}}`;

const SETTINGS: Readonly<Record<string, string>> = {
  "logging.enable-request-log": "true",
  "logging.request-log-template": template,
};

const OFF: Readonly<Record<string, null>> = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, null]));

interface Line {
  readonly id: string;
  /** Of the object that the event is about; empty for a tick. */
  readonly namespace: string;
  readonly name: string;
  readonly time: string;
  readonly status: number;
  readonly seconds: number;
}

export interface Delivery extends Line {
  /** When the source made the event. */
  readonly sentAtMs: number;
  /** When it was at the instance; the container runtime notes it a few milliseconds late. */
  readonly arrivedAtMs: number;
}

/** On the node that runs, before the function is installed: its pods are told once, at their start. Resolves to what ends it. */
export const startRequestLog = async (): Promise<() => Promise<void>> => {
  const site = runningSite();
  if (site === undefined) throw new Error("no node runs");
  const { api, close } = openNode(site);
  const set = async (data: Readonly<Record<string, string | null>>): Promise<void> => {
    await succeed(api, "PATCH", CONFIG, { body: { data }, contentType: "application/merge-patch+json" });
  };
  await set(SETTINGS);
  return async () => {
    await set(OFF);
    close();
  };
};

/** `<time of the runtime> <what the container wrote>` */
const deliveryOf = (text: string): readonly Delivery[] => {
  const end = text.indexOf(" ");
  const written = text.slice(end + 1);
  if (!written.startsWith('{"id"')) return [];
  const line = JSON.parse(written) as Line;
  return [
    { ...line, sentAtMs: Date.parse(line.time), arrivedAtMs: Date.parse(text.slice(0, end)) - line.seconds * 1000 },
  ];
};

/** What the instances that are still there have answered. */
export const deliveries = async (node: ClusterNode): Promise<readonly Delivery[]> => {
  const pods = await functionPods(node);
  const logs = pods.map(async ({ metadata: { namespace, name } }) => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?container=queue-proxy&timestamps=true`;
    // One that has no container yet, or no more, has answered nothing.
    const { status, body } = await node.api.call<unknown>("GET", path);
    return status === 200 && typeof body === "string" ? body.split("\n").flatMap(deliveryOf) : [];
  });
  return (await Promise.all(logs)).flat();
};
