/** A separate watcher that notes when each pod's role label was seen to change. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { RoleNames } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listRequest, PODS } from "../../functions/kit/kube/request.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { keyOf, type GroupName } from "./names.ts";

export interface Change {
  /** performance.now() at which the watcher saw it. */
  readonly at: number;
  readonly pod: string;
}

export interface Stopwatch {
  /** Name of the group's pod that carries the leader's label now. */
  leaderOf(group: GroupName): string | undefined;
  /** Resolves to the first change after this call by which the leader `old` is fenced. @throws after 60 s. */
  fenced(group: GroupName, old: string): Promise<Change>;
  /** Resolves to the first change after this call by which another pod is promoted. @throws after 60 s. */
  promoted(group: GroupName, old: string): Promise<Change>;
}

const deadlineMs = 60_000;

interface RoleChange extends Change {
  readonly role: string | undefined;
}

interface Seen {
  readonly roles: Map<string, string | undefined>;
  readonly listeners: Set<(change: RoleChange) => void>;
}

const groupOf = ({ metadata: { namespace = "", name } }: KubeObject): GroupName => ({
  namespace,
  name: name.replace(/-[0-9]+$/, ""),
});

export interface Watched {
  /** Undefined: all of them. */
  readonly namespace: string | undefined;
  /** Whose labels. */
  readonly names: RoleNames;
}

export const startStopwatch = async (
  kubeConfig: KubeConfig,
  { namespace, names }: Watched,
  signal: AbortSignal,
): Promise<Stopwatch> => {
  const groups = new Map<string, Seen>();
  const at = (group: GroupName): Seen => {
    const known = groups.get(keyOf(group));
    if (known !== undefined) return known;
    const fresh: Seen = { roles: new Map(), listeners: new Set() };
    groups.set(keyOf(group), fresh);
    return fresh;
  };
  const onEvent = ({ object }: { object: KubeObject }): void => {
    const { name, labels } = object.metadata;
    const { roles, listeners } = at(groupOf(object));
    const role = labels?.[names.roleLabel];
    if (roles.get(name) === role) return;
    roles.set(name, role);
    const change = { at: performance.now(), pod: name, role };
    for (const listener of listeners) listener(change);
  };
  const { path } = listRequest(PODS, { namespace });
  const next = (group: GroupName, matches: (change: RoleChange) => boolean): Promise<Change> =>
    new Promise((resolve, reject) => {
      const { listeners } = at(group);
      const timer = setTimeout(
        () => reject(new Error(`${keyOf(group)}: no such change within ${deadlineMs} ms`)),
        deadlineMs,
      );
      const listener = (change: RoleChange): void => {
        if (!matches(change)) return;
        clearTimeout(timer);
        listeners.delete(listener);
        resolve(change);
      };
      listeners.add(listener);
    });
  await listWatch<KubeObject>({ kubeConfig, path, onEvent, signal });
  return {
    leaderOf: (group) => [...at(group).roles].find(([, role]) => role === names.leader)?.[0],
    fenced: (group, old) => next(group, ({ pod, role }) => pod === old && role === (names.follower ?? undefined)),
    promoted: (group, old) => next(group, ({ pod, role }) => pod !== old && role === names.leader),
  };
};
