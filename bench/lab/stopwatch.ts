/** A separate watcher that notes when each pod's role label was seen to change. */
import type { KubeConfig } from "@kubernetes/client-node";
import { ROLES } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listRequest, PODS } from "../../functions/kit/kube/request.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { keyOf, type GroupName } from "./names.ts";

export interface Change {
  /** performance.now() at which the watcher saw it. */
  readonly at: number;
  readonly pod: string;
  readonly role: string | undefined;
}

export interface Stopwatch {
  /** Name of the group's pod that carries the writer label now. */
  writerOf(group: GroupName): string | undefined;
  /** Resolves to the group's first matching change that is seen after this call. @throws after 60 s. */
  next(group: GroupName, matches: (change: Change) => boolean): Promise<Change>;
}

const deadlineMs = 60_000;

interface Watched {
  readonly roles: Map<string, string | undefined>;
  readonly listeners: Set<(change: Change) => void>;
}

const groupOf = ({ metadata: { namespace = "", name } }: KubeObject): GroupName => ({
  namespace,
  name: name.replace(/-[0-9]+$/, ""),
});

/** `namespace` undefined: all of them. */
export const startStopwatch = async (
  kubeConfig: KubeConfig,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<Stopwatch> => {
  const groups = new Map<string, Watched>();
  const at = (group: GroupName): Watched => {
    const known = groups.get(keyOf(group));
    if (known !== undefined) return known;
    const fresh: Watched = { roles: new Map(), listeners: new Set() };
    groups.set(keyOf(group), fresh);
    return fresh;
  };
  const onEvent = ({ object }: { object: KubeObject }): void => {
    const { name, labels } = object.metadata;
    const { roles, listeners } = at(groupOf(object));
    const role = labels?.[ROLES.roleLabel];
    if (roles.get(name) === role) return;
    roles.set(name, role);
    const change = { at: performance.now(), pod: name, role };
    for (const listener of listeners) listener(change);
  };
  const { path } = listRequest(PODS, { namespace });
  await listWatch<KubeObject>({ kubeConfig, path, onEvent, signal });
  return {
    writerOf: (group) => [...at(group).roles].find(([, role]) => role === ROLES.leader)?.[0],
    next: (group, matches) =>
      new Promise((resolve, reject) => {
        const { listeners } = at(group);
        const timer = setTimeout(
          () => reject(new Error(`${keyOf(group)}: no such change within ${deadlineMs} ms`)),
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
