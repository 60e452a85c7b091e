/** Waits for states of objects through one watch of a whole collection: polling thousands of groups would be a load of its own. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { keyOf, type GroupName } from "./names.ts";

export interface Following {
  /** Resolves once the object is so. @throws after two minutes. */
  until(name: GroupName, isSo: (object: KubeObject) => boolean): Promise<void>;
}

interface Waiter {
  readonly isSo: (object: KubeObject) => boolean;
  readonly resolve: () => void;
}

const deadlineMs = 120_000;

/** `path`: of the collection in all namespaces. */
export const follow = async (kubeConfig: KubeConfig, path: string, signal: AbortSignal): Promise<Following> => {
  const latest = new Map<string, KubeObject>();
  const waiters = new Map<string, Waiter>();
  const onEvent = ({ object }: { object: KubeObject }): void => {
    const key = keyOf({ namespace: object.metadata.namespace ?? "", name: object.metadata.name });
    latest.set(key, object);
    const waiter = waiters.get(key);
    if (waiter?.isSo(object) === true) waiter.resolve();
  };
  await listWatch<KubeObject>({ kubeConfig, path, onEvent, signal });
  return {
    until: (name, isSo) => {
      const key = keyOf(name);
      const present = latest.get(key);
      if (present !== undefined && isSo(present)) return Promise.resolve();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => reject(new Error(`${path} ${key}: not so within ${deadlineMs} ms`)), deadlineMs);
      waiters.set(key, { isSo, resolve });
      return promise.finally(() => {
        clearTimeout(timer);
        waiters.delete(key);
      });
    },
  };
};
