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

/** Objects that are created, and what is to become of each before it counts as there. */
export interface Creation {
  readonly resource: Resource;
  readonly manifest: (group: GroupName) => unknown;
  /** What tells that it is there, and the name of that; default: the object itself. */
  readonly shown?: { readonly resource: Resource; readonly nameOf: (group: GroupName) => string };
  readonly isSettled: (shown: KubeObject) => boolean;
}

/** One object for each group, of the group's name; resolves when all are settled. */
export const addEach = async (
  { api, kubeConfig }: Lab,
  groups: readonly GroupName[],
  { resource, manifest, shown = { resource, nameOf: ({ name }) => name }, isSettled }: Creation,
): Promise<void> => {
  const ending = new AbortController();
  try {
    const all = await follow(kubeConfig, listRequest(shown.resource, {}).path, ending.signal);
    await inParallel(groups, WRITTEN_AT_ONCE, async (group) => {
      const { namespace } = group;
      await succeed(api, "POST", listRequest(resource, { namespace }).path, { body: manifest(group) });
      await all.until({ namespace, name: shown.nameOf(group) }, isSettled);
    });
  } finally {
    ending.abort();
  }
};

const isComplete = ({ status }: KubeObject): boolean =>
  (status as { readyReplicas?: number } | undefined)?.readyReplicas === PODS_PER_GROUP;

const isElected = ({ status }: KubeObject): boolean =>
  ((status as { writerPod?: string } | undefined)?.writerPod ?? "") !== "";

/** StatefulSets with their namespaces; resolves when all pods are Ready. */
export const addSets = async (lab: Lab, groups: readonly GroupName[]): Promise<void> => {
  for (const namespace of new Set(groups.map((group) => group.namespace))) {
    // oxlint-disable-next-line no-await-in-loop -- few, and each is needed by all that follows
    await addNamespace(lab.api, namespace);
  }
  await addEach(lab, groups, {
    resource: STATEFUL_SETS,
    manifest: ({ name }) => statefulSetManifest({ name, replicas: PODS_PER_GROUP }),
    isSettled: isComplete,
  });
};

/** A lock on each StatefulSet; resolves when a running function has elected and reported a writer for all. */
export const addLocks = (lab: Lab, groups: readonly GroupName[]): Promise<void> =>
  addEach(lab, groups, {
    resource: LOCKS,
    manifest: ({ name }) => lockManifest({ name, statefulSetName: name }),
    isSettled: isElected,
  });

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
