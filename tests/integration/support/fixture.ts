/**
 * What every integration test does on a lab: makes the objects that scenes are made of, and waits on watches.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { listWatch, type ListWatchEvent } from "../../../infra/lab/list-watch.ts";
import {
  lockManifest,
  statefulSetManifest,
  type LockShape,
  type StatefulSetShape,
} from "../../../infra/lab/workload.ts";

export const createNamespace = (lab: Lab, name: string): Promise<KubeObject> =>
  succeed(lab.api, "POST", "/api/v1/namespaces", { body: { metadata: { name } } });

export const createStatefulSet = (
  lab: Lab,
  { namespace, ...shape }: StatefulSetShape & { readonly namespace: string },
): Promise<KubeObject> =>
  succeed(lab.api, "POST", `/apis/apps/v1/namespaces/${namespace}/statefulsets`, {
    body: statefulSetManifest(shape),
  });

export interface LockOptions extends LockShape {
  readonly namespace: string;
}

export const createLock = (lab: Lab, { namespace, ...shape }: LockOptions): Promise<KubeObject> => {
  const path = `/apis/app.anukkrit.me/v1/namespaces/${namespace}/statefulsetlocks`;
  return succeed(lab.api, "POST", path, { body: lockManifest(shape) });
};

export interface WaitOptions<T> {
  /** Path of a collection, such as `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly until: (objects: readonly T[]) => boolean;
  readonly deadlineMs: number;
}

/**
 * Watches a collection until `until` holds for its objects, and resolves to them.
 * @throws at the deadline, with the objects' last state.
 */
export const waitFor = async <T extends KubeObject>(lab: Lab, options: WaitOptions<T>): Promise<readonly T[]> => {
  const { kubeConfig } = lab;
  const objects = new Map<string, T>();
  const ending = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<readonly T[]>();
  let listed = false;
  const judge = (): void => {
    // In the middle of a first list, what is not there yet may only not have been told.
    if (listed && options.until([...objects.values()])) resolve([...objects.values()]);
  };
  const onEvent = ({ type, object }: ListWatchEvent<T>): void => {
    if (type === "DELETED") objects.delete(object.metadata.uid);
    else objects.set(object.metadata.uid, object);
    judge();
  };
  const timer = setTimeout(() => {
    const state = JSON.stringify([...objects.values()], undefined, 1);
    reject(new Error(`${options.path}: condition not met within ${options.deadlineMs} ms; last seen ${state}`));
  }, options.deadlineMs);
  try {
    await listWatch({ kubeConfig, path: options.path, onEvent, signal: ending.signal });
    listed = true;
    judge();
    return await promise;
  } finally {
    clearTimeout(timer);
    ending.abort();
  }
};
