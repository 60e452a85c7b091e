/**
 * The part of the StatefulSet controller that an election can tell from the real one: which pods exist, in which order
 * they come and go, and what they look like. Roll-outs of a changed template are left to the real controller.
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS, STATEFUL_SETS } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./api.ts";
import type { Stepper } from "./collector.ts";
import type { Driver } from "./driver.ts";
import { createDriver } from "./driver.ts";
import type { Fields } from "./json.ts";
import { fieldsOf, listIn, present, sameJson } from "./json.ts";

interface Wanted {
  readonly set: KubeObject;
  readonly spec: Fields;
  readonly first: number;
  readonly replicas: number;
  readonly revision: string;
}

const hashOf = (value: unknown): string => {
  let hash = 0;
  for (const character of JSON.stringify(value)) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
  return hash.toString(16);
};

const wantedOf = (set: KubeObject): Wanted => {
  const spec = fieldsOf(set.spec);
  const first = Number(fieldsOf(spec["ordinals"])["start"] ?? 0);
  const revision = `${set.metadata.name}-${hashOf(spec["template"])}`;
  return { set, spec, first, replicas: Number(spec["replicas"]), revision };
};

const podFor = ({ set, spec, revision }: Wanted, ordinal: number): unknown => {
  const { name, namespace, uid } = set.metadata;
  const template = fieldsOf(spec["template"]);
  const metadata = fieldsOf(template["metadata"]);
  const podName = `${name}-${ordinal}`;
  return {
    metadata: {
      ...metadata,
      name: podName,
      generateName: `${name}-`,
      namespace,
      labels: {
        ...fieldsOf(metadata["labels"]),
        "apps.kubernetes.io/pod-index": String(ordinal),
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": podName,
      },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...fieldsOf(template["spec"]), hostname: podName, subdomain: spec["serviceName"] },
  };
};

const ordinalOf = ({ metadata }: KubeObject): number => Number(metadata.name.slice(metadata.name.lastIndexOf("-") + 1));

const isReady = (pod: KubeObject): boolean =>
  listIn(fieldsOf(pod.status)["conditions"]).some((condition) => {
    const { type, status } = fieldsOf(condition) as { readonly type?: string; readonly status?: string };
    return type === "Ready" && status === "True";
  });

const isFinished = (pod: KubeObject): boolean =>
  ["Failed", "Succeeded"].includes(String(fieldsOf(pod.status)["phase"]));

const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** Sends the write that one ordinal needs; true when the set has to wait for that ordinal. */
const settle = (driver: Driver, wanted: Wanted, ordinal: number, pod: KubeObject | undefined): boolean => {
  if (pod === undefined) {
    driver.create(PODS, wanted.set.metadata.namespace ?? "", podFor(wanted, ordinal));
    return true;
  }
  if (isDeleting(pod)) return true;
  if (isFinished(pod)) {
    driver.remove(PODS, pod);
    return true;
  }
  return !isReady(pod);
};

const scale = (driver: Driver, wanted: Wanted, pods: readonly KubeObject[]): void => {
  const parallel = wanted.spec["podManagementPolicy"] === "Parallel";
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(pod), pod]));
  const end = wanted.first + wanted.replicas;
  for (let ordinal = wanted.first; ordinal < end; ordinal += 1) {
    if (settle(driver, wanted, ordinal, byOrdinal.get(ordinal)) && !parallel) return;
  }
  const surplus = pods
    .filter((pod) => ordinalOf(pod) < wanted.first || ordinalOf(pod) >= end)
    .toSorted((left, right) => ordinalOf(right) - ordinalOf(left));
  for (const pod of surplus) {
    if (!isDeleting(pod)) driver.remove(PODS, pod);
    if (!parallel) return;
  }
};

const orAbsent = (count: number): number | undefined => (count === 0 ? undefined : count);

const report = (driver: Driver, { set, revision }: Wanted, pods: readonly KubeObject[]): void => {
  const ready = pods.filter((pod) => isReady(pod) && !isDeleting(pod)).length;
  const status = present({
    observedGeneration: set.metadata.generation,
    replicas: pods.length,
    readyReplicas: orAbsent(ready),
    currentReplicas: orAbsent(pods.length),
    updatedReplicas: orAbsent(pods.length),
    currentRevision: revision,
    updateRevision: revision,
    collisionCount: 0,
    availableReplicas: ready,
  });
  if (!sameJson(status, set.status)) driver.put(STATEFUL_SETS, { ...set, status }, "status");
};

export const createStatefulSetController = (api: MemoryApi): Stepper => {
  const driver = createDriver(api, "kube-controller-manager");
  const podsOf = ({ metadata }: KubeObject): readonly KubeObject[] =>
    driver.list(PODS).filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true);
  return {
    step: () => {
      let wrote = false;
      const stop = api.onRevision(() => {
        wrote = true;
      });
      for (const set of driver.list(STATEFUL_SETS)) {
        const wanted = wantedOf(set);
        if (!isDeleting(set)) scale(driver, wanted, podsOf(set));
        report(driver, wanted, podsOf(set));
      }
      stop();
      return wrote;
    },
  };
};
