/** A separate watcher that notes when each pod's role label was seen to change. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { ROLES } from "../../functions/election/labels.ts";

export interface Change {
  /** performance.now() at which the watcher saw it. */
  readonly at: number;
  readonly pod: string;
  readonly role: string | undefined;
}

export interface Stopwatch {
  /** Name of the pod that carries the writer label now. */
  writer(): string | undefined;
  /** Resolves to the first matching change that is seen after this call. @throws after 10 s. */
  next(matches: (change: Change) => boolean): Promise<Change>;
}

const deadlineMs = 10_000;

export const startStopwatch = async (
  kubeConfig: KubeConfig,
  namespace: string,
  signal: AbortSignal,
): Promise<Stopwatch> => {
  const roles = new Map<string, string | undefined>();
  const listeners = new Set<(change: Change) => void>();
  const onEvent = ({ object }: { object: KubeObject }): void => {
    const { name, labels } = object.metadata;
    const role = labels?.[ROLES.roleLabel];
    if (roles.get(name) === role) return;
    roles.set(name, role);
    const change = { at: performance.now(), pod: name, role };
    for (const listener of listeners) listener(change);
  };
  await listWatch<KubeObject>({ kubeConfig, path: `/api/v1/namespaces/${namespace}/pods`, onEvent, signal });
  return {
    writer: () => [...roles].find(([, role]) => role === "writer")?.[0],
    next: (matches) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${namespace}: no change within ${deadlineMs} ms`)),
          deadlineMs,
        );
        const listener = (change: Change): void => {
          if (!matches(change)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(change);
        };
        listeners.add(listener);
      }),
  };
};
