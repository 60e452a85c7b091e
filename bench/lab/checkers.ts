/** LeaderStatusCheckers in any number, and the applications that their pods stand for. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { CHECKERS } from "../../functions/roles/labels.ts";
import type { Lab, LabOptions } from "../../infra/lab/lab.ts";
import { freePort } from "../../infra/lab/ports.ts";
import { startRoleAppProcess } from "../../infra/lab/role-app-process.ts";
import type { LabProcess } from "../../infra/lab/processes.ts";
import { addEach, PODS_PER_GROUP } from "./groups.ts";
import type { GroupName } from "./names.ts";

const setOf = (pod: string): string => pod.slice(0, pod.lastIndexOf("-"));

const ordinalOf = (pod: string): number => Number(pod.slice(pod.lastIndexOf("-") + 1));

const hostOf = (ordinal: number): string => `127.0.0.${10 + ordinal}`;

/** Applications of a lab: the pods of one ordinal, of whatever set, are one process. */
export interface RoleApps {
  readonly port: number;
  readonly processes: readonly LabProcess[];
  /** From now on those of this ordinal say that they lead, and the others that they do not; nobody is told. */
  lead(ordinal: number): Promise<void>;
  /** How often all of them were asked whether they lead, so far. */
  asked(): Promise<number>;
}

/**
 * For a lab in which `startRoleApps` is called; `isAsked` of the name of a set. No Service may lead to those pods: the API server refuses
 * endpoints on loopback addresses.
 */
export const roleAppAddresses = (isAsked: (set: string) => boolean): LabOptions => ({
  podAddress: (_namespace, pod) => (isAsked(setOf(pod)) ? hostOf(ordinalOf(pod)) : undefined),
});

/** The pod that comes after this one in its set, around. */
export const nextPod = ({ name }: GroupName, pod: string): { readonly pod: string; readonly ordinal: number } => {
  const ordinal = (ordinalOf(pod) + 1) % PODS_PER_GROUP;
  return { pod: `${name}-${ordinal}`, ordinal };
};

/** Those of ordinal 0 lead at first. */
export const startRoleApps = async ({ plane }: Lab): Promise<RoleApps> => {
  const { processes, dataDir: folder } = plane;
  const port = await freePort();
  const apps = await Promise.all(
    Array.from({ length: PODS_PER_GROUP }, (_, ordinal) =>
      startRoleAppProcess(processes, { id: `app-${ordinal}`, host: hostOf(ordinal), port, folder }),
    ),
  );
  const lead = async (ordinal: number): Promise<void> => {
    await Promise.all(apps.map((app, index) => app.behave({ leads: index === ordinal })));
  };
  const asked = async (): Promise<number> => {
    const states = await Promise.all(apps.map((app) => app.state()));
    return states.reduce((sum, state) => sum + state.asked.leaderStatus, 0);
  };
  await lead(0);
  return { port, processes: apps.map(({ process }) => process), lead, asked };
};

const isReported = ({ status }: KubeObject): boolean =>
  ((status as { leaderNode?: string } | undefined)?.leaderNode ?? "") !== "";

/** A checker on each StatefulSet; resolves when a running function has labelled and reported a leader for all. */
export const addCheckers = (
  lab: Lab,
  groups: readonly GroupName[],
  spec: { readonly rpcPort: number; readonly localDev: boolean; readonly intervalSeconds: number },
): Promise<void> => {
  const manifest = ({ namespace, name }: GroupName): unknown => ({
    apiVersion: `${CHECKERS.group}/${CHECKERS.version}`,
    kind: CHECKERS.kind,
    metadata: { name },
    spec: { statefulSetName: name, namespace, ...spec },
  });
  return addEach(lab, groups, { resource: CHECKERS, manifest, isSettled: isReported });
};
