/**
 * Fills a lab with copies of one real group by writing them where the API server keeps its objects: thousands of groups at rest
 * in seconds, each as large as the original. The API server reads them as it reads what it wrote itself.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { apiVersionOf, type Resource } from "../../functions/kit/kube/request.ts";
import type { ControlPlane } from "../../infra/lab/control-plane.ts";
import type { GroupName } from "../lab/names.ts";

/** Operations of one transaction, below etcd's limit of 128. */
const WRITES_AT_ONCE = 120;

export interface Original {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** The client URL of the lab's etcd, by the command line of the process that keeps its data in the lab's folder. */
const urlOf = ({ dataDir }: Pick<ControlPlane, "dataDir">): string => {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const args = commandLineOf(pid);
    if (args.includes(`--data-dir=${dataDir}/etcd`)) {
      const url = args.find((arg) => arg.startsWith("--listen-client-urls="));
      if (url !== undefined) return url.slice(url.indexOf("=") + 1);
    }
  }
  throw new Error(`no etcd keeps its data in ${dataDir}`);
};

const commandLineOf = (pid: string): readonly string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    // It ended meanwhile.
    return [];
  }
};

/** Built-in kinds are kept under their plural, custom ones under their group too. */
const keyOf = ({ group, plural }: Resource, { namespace, name }: GroupName): string =>
  group.includes(".") && !group.endsWith(".k8s.io")
    ? `/registry/${group}/${plural}/${namespace}/${name}`
    : `/registry/${plural}/${namespace}/${name}`;

interface Put {
  readonly key: string;
  readonly value: string;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** The same group under another name, with uids of its own; what refers to each other does so still. */
const copy = (originals: readonly Original[], from: GroupName, to: GroupName): readonly Put[] => {
  const uids = new Map(originals.map(({ object }) => [object.metadata.uid, randomUUID()]));
  return originals.map(({ resource, object }) => {
    const { resourceVersion: _, ...metadata } = object.metadata;
    const whole = { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind, metadata };
    const named = JSON.stringify(whole).replaceAll(from.namespace, to.namespace).replaceAll(from.name, to.name);
    const value = [...uids].reduce((text, [old, fresh]) => text.replaceAll(old, fresh), named);
    const name = object.metadata.name.replaceAll(from.name, to.name);
    return { key: base64(keyOf(resource, { namespace: to.namespace, name })), value: base64(value) };
  });
};

export interface Cloning {
  /** All objects of the group; its name and namespace must not occur in them in any other meaning. */
  readonly originals: readonly Original[];
  readonly from: GroupName;
  readonly to: readonly GroupName[];
}

export const cloneGroups = async (plane: ControlPlane, { originals, from, to }: Cloning): Promise<void> => {
  const url = `${urlOf(plane)}/v3/kv/txn`;
  const puts = to.flatMap((name) => copy(originals, from, name));
  for (let begin = 0; begin < puts.length; begin += WRITES_AT_ONCE) {
    const success = puts.slice(begin, begin + WRITES_AT_ONCE).map((put) => ({ requestPut: put }));
    // oxlint-disable-next-line no-await-in-loop -- etcd serialises them anyway
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ success }) });
    // oxlint-disable-next-line no-await-in-loop -- and the connection is used again only once the answer was read
    const text = await response.text();
    if (!response.ok) throw new Error(`etcd answered ${response.status}: ${text}`);
  }
};
