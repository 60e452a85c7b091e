/**
 * Real groups in any number: StatefulSets whose pods the controller-manager creates and the stand-in kubelet starts, and a lock
 * on each, elected by the function under test.
 */
import { LOCKS } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { listRequest, STATEFUL_SETS, type Resource } from "../../functions/kit/kube/request.ts";
import { listAll } from "../../functions/kit/kube/page.ts";
import { succeed, type Api } from "../../infra/lab/api.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { poll } from "../../infra/lab/poll.ts";
import { lockManifest, statefulSetManifest } from "../../infra/lab/workload.ts";
import { follow } from "./follow.ts";
import { keyOf, type GroupName } from "./names.ts";
import { inParallel } from "./parallel.ts";

export const PODS_PER_GROUP = 3;
const WRITTEN_AT_ONCE = 16;
const pollMs = 500;
const endDeadlineMs = 300_000;

/** May exist already. */
export const addNamespace = async (api: Api, name: string): Promise<void> => {
  const { status } = await api.call("POST", "/api/v1/namespaces", { body: { metadata: { name } } });
  if (status !== 201 && status !== 409) throw new Error(`namespace ${name}: creation answered ${status}`);
};

const create = (api: Api, resource: Resource, namespace: string, body: unknown): Promise<unknown> =>
  succeed(api, "POST", listRequest(resource, { namespace }).path, { body });

const isComplete = ({ status }: KubeObject): boolean =>
  (status as { readyReplicas?: number } | undefined)?.readyReplicas === PODS_PER_GROUP;

const isElected = ({ status }: KubeObject): boolean =>
  ((status as { writerPod?: string } | undefined)?.writerPod ?? "") !== "";

/** StatefulSets with their namespaces; resolves when all pods are Ready. */
export const addSets = async ({ api, kubeConfig }: Lab, groups: readonly GroupName[]): Promise<void> => {
  const ending = new AbortController();
  const { path } = listRequest(STATEFUL_SETS, {});
  try {
    const sets = await follow(kubeConfig, path, ending.signal);
    for (const namespace of new Set(groups.map((group) => group.namespace))) {
      // oxlint-disable-next-line no-await-in-loop -- few, and each is needed by all that follows
      await addNamespace(api, namespace);
    }
    await inParallel(groups, WRITTEN_AT_ONCE, async (group) => {
      const { namespace, name } = group;
      await create(api, STATEFUL_SETS, namespace, statefulSetManifest({ name, replicas: PODS_PER_GROUP }));
      await sets.until(group, isComplete);
    });
  } finally {
    ending.abort();
  }
};

/** A lock on each StatefulSet; resolves when a running function has elected and reported a writer for all. */
export const addLocks = async ({ api, kubeConfig }: Lab, groups: readonly GroupName[]): Promise<void> => {
  const ending = new AbortController();
  const { path } = listRequest(LOCKS, {});
  try {
    const locks = await follow(kubeConfig, path, ending.signal);
    await inParallel(groups, WRITTEN_AT_ONCE, async (group) => {
      const { namespace, name } = group;
      await create(api, LOCKS, namespace, lockManifest({ name, statefulSetName: name }));
      await locks.until(group, isElected);
    });
  } finally {
    ending.abort();
  }
};

/** Removes the locks, whose groups a running function ends; sets and pods stay. Resolves when the locks are gone. */
export const removeLocks = async ({ api, transport }: Lab, groups: readonly GroupName[]): Promise<void> => {
  await inParallel(groups, WRITTEN_AT_ONCE, ({ namespace, name }) =>
    succeed(api, "DELETE", `${listRequest(LOCKS, { namespace }).path}/${name}`),
  );
  const removed = new Set(groups.map(keyOf));
  const areGone = async (): Promise<true | undefined> => {
    const listing = await listAll(transport.send, LOCKS, {});
    if (!listing.ok) return undefined;
    const left = listing.items.some(({ metadata: { namespace = "", name } }) =>
      removed.has(keyOf({ namespace, name })),
    );
    return left ? undefined : true;
  };
  await poll(areGone, { what: `the end of ${groups.length} groups`, everyMs: pollMs, deadlineMs: endDeadlineMs });
};

/** Groups that a running function has elected. */
export const addGroups = async (lab: Lab, groups: readonly GroupName[], say: (line: string) => void): Promise<void> => {
  say(`adding ${groups.length} groups`);
  await addSets(lab, groups);
  await addLocks(lab, groups);
};
