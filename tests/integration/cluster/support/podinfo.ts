/** The files that the kubelet keeps for a pod, as they lie on this machine: what the pod is told of its role, when, and how to keep it from being told. */
import { copyFileSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { runOnHost } from "../../../../infra/lab/node/host/command.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { processesOf } from "./processes.ts";

const folderOf = ({ site }: ClusterNode, uid: string): string =>
  site.file("kubelet", "pods", uid, "volumes", "kubernetes.io~downward-api", "podinfo");

/** Undefined: the pod has no such file, or no longer. */
const ifThere = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** Undefined: the pod is gone. */
export const roleTold = (node: ClusterNode, uid: string): string | undefined =>
  ifThere(() => readFileSync(join(folderOf(node, uid), "role"), "utf8"));

/** When role and token were last changed, which the kubelet does in one step: it moves the link to the folder that they are in. */
export const toldAtMs = (node: ClusterNode, uid: string): number | undefined =>
  ifThere(() => lstatSync(join(folderOf(node, uid), "..data")).ctimeMs);

const MOUNTED_AT = "/podinfo";
/** Every container has such a place, in memory. */
const COPY = "/dev/shm/podinfo";
const uncoverDeadlineMs = 10_000;
const pollMs = 20;

/** @throws when the container does not run. */
const processOf = (uid: string): string => {
  const [first] = processesOf(uid);
  if (first === undefined) throw new Error(`pod ${uid} has no process`);
  return String(first.pid);
};

/**
 * Covers the files, in the container alone, with a copy of what they say now. The kubelet is not to notice: when it cannot write them it mounts
 * new ones, which a container that runs never sees.
 */
export const keepUninformed = async (node: ClusterNode, uid: string): Promise<void> => {
  const pid = processOf(uid);
  const copy = join("/proc", pid, "root", COPY);
  mkdirSync(copy, { recursive: true });
  for (const name of ["role", "token"]) copyFileSync(join(folderOf(node, uid), name), join(copy, name));
  await runOnHost("mount", ["--namespace", pid, "--bind", COPY, MOUNTED_AT]);
};

/** Ends `keepUninformed`, between two reads. */
export const inform = async (uid: string): Promise<void> => {
  const uncover = (): Promise<true | undefined> =>
    runOnHost("umount", ["--namespace", processOf(uid), MOUNTED_AT]).then(
      () => true,
      () => undefined,
    );
  await poll(uncover, { what: `the files of pod ${uid}`, everyMs: pollMs, deadlineMs: uncoverDeadlineMs });
};
