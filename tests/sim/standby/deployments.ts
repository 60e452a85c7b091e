/**
 * Deployments, whose pods have new names each time. The memory API has no such kind: a ConfigMap stands for one and for its ReplicaSet,
 * so that it is listed, deleted, collected and restored with all else.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS, type Resource } from "../../../functions/kit/kube/request.ts";
import { createDriver, type Driver } from "../../../infra/lab/memory/driver.ts";
import { whenChanged } from "../actors.ts";
import { create, edit, remove } from "../hands.ts";
import { onAny, type Actions } from "../workload.ts";
import { strikes, type World } from "../world.ts";

export const DEPLOYMENTS: Resource = { group: "", version: "v1", plural: "configmaps", kind: "ConfigMap" };

const stepMs = 300;

interface Deployment extends KubeObject {
  readonly data?: { readonly replicas?: string };
}

export const replicasOf = ({ data }: Deployment): number => Number(data?.replicas ?? 0);

export const createDeployment = (world: World, name: string, replicas: number): boolean =>
  create(world, DEPLOYMENTS, { metadata: { name }, data: { replicas: String(replicas) } });

export const scaleDeployment = (world: World, deployment: KubeObject, replicas: number): boolean =>
  edit(world, DEPLOYMENTS, deployment, { data: { replicas: String(replicas) } });

/** A label that the pods of all workloads have. */
export const COMMON = { tier: "back" } as const;

const podFor = ({ metadata: { name, uid } }: KubeObject): unknown => ({
  metadata: {
    generateName: `${name}-`,
    labels: { ...COMMON, app: name },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name, uid, controller: true }],
  },
  spec: { containers: [{ name: "main", image: "example.test/db" }] },
});

const phaseOf = ({ status }: KubeObject): string | undefined => (status as { phase?: string }).phase;

const isReady = ({ status }: KubeObject): boolean =>
  ((status as { conditions?: readonly { type: string; status: string }[] }).conditions ?? []).some(
    (condition) => condition.type === "Ready" && condition.status === "True",
  );

const isFinished = (pod: KubeObject): boolean => ["Failed", "Succeeded"].includes(phaseOf(pod) ?? "");

/** Those that are not Ready go first. */
const settle = (driver: Driver, deployment: Deployment): void => {
  const { name, uid, namespace = "" } = deployment.metadata;
  const owned = driver
    .list(PODS)
    .filter(({ metadata }) => metadata.labels?.["app"] === name && metadata.ownerReferences?.[0]?.uid === uid)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  for (const pod of owned.filter(isFinished)) driver.remove(PODS, pod);
  const running = owned
    .filter((pod) => !isFinished(pod))
    .toSorted((one, other) => Number(isReady(one)) - Number(isReady(other)));
  const surplus = running.length - replicasOf(deployment);
  for (const pod of running.slice(0, Math.max(0, surplus))) driver.remove(PODS, pod);
  for (let missing = -surplus; missing > 0; missing -= 1) driver.create(PODS, namespace, podFor(deployment));
};

/** Until the signal. */
export const runDeployments = async (world: World, signal: AbortSignal): Promise<void> => {
  const driver = createDriver(world.api, "kube-controller-manager");
  const [step = () => undefined] = whenChanged(world, [
    () => {
      for (const deployment of driver.list(DEPLOYMENTS)) settle(driver, deployment);
    },
  ]);
  while (!signal.aborted) {
    // oxlint-disable-next-line no-await-in-loop
    await world.clock.sleep(world.random.next() * stepMs);
    if (!strikes(world, "idleController")) step();
  }
};

export const DEPLOYMENT_ACTIONS: Actions = {
  scaleDeployment: onAny(DEPLOYMENTS, (world, deployment, random) =>
    scaleDeployment(world, deployment, random.below(world.shape.replicasMax + 1)),
  ),
  deploymentDelete: onAny(DEPLOYMENTS, (world, deployment) => remove(world, DEPLOYMENTS, deployment)),
};
