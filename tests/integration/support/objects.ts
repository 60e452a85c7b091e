/** What scenes do to objects and what they look up, by path, as administrator under a field manager of their choice. */
import { LOCKS, ROLES } from "../../../functions/election/labels.ts";
import { enrolmentLabel, tokenAnnotation } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { poll } from "../../../infra/lab/poll.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { isReady } from "../../../infra/lab/workload.ts";
import { createLock, createNamespace, createStatefulSet, waitFor, type LockOptions } from "./fixture.ts";
import type { GroupState, LockName } from "../../../infra/lab/group.ts";

const pollMs = 15;

export const podsPath = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;
export const podPath = (namespace: string, name: string): string => `${podsPath(namespace)}/${name}`;
export const setPath = (namespace: string, name: string): string =>
  `/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`;
export const leasesPath = (namespace: string): string => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
export const leasePath = (namespace: string, name: string): string => `${leasesPath(namespace)}/${name}`;
export const locksPath = (namespace: string): string =>
  `/apis/${LOCKS.group}/${LOCKS.version}/namespaces/${namespace}/${LOCKS.plural}`;
export const lockPath = (namespace: string, name: string): string => `${locksPath(namespace)}/${name}`;

/** A merge patch; `manager` is what `metadata.managedFields` will say. */
export const patch = (lab: Lab, path: string, body: unknown, manager = "scene"): Promise<KubeObject> =>
  succeed(lab.api, "PATCH", `${path}?fieldManager=${manager}`, { body, contentType: "application/merge-patch+json" });

export const annotate = (lab: Lab, path: string, annotations: Record<string, string | null>): Promise<KubeObject> =>
  patch(lab, path, { metadata: { annotations } });

export const remove = (lab: Lab, path: string, body?: unknown): Promise<unknown> =>
  succeed(lab.api, "DELETE", path, { body });

export const get = (lab: Lab, path: string): Promise<KubeObject> => succeed(lab.api, "GET", path);

export const list = async (lab: Lab, path: string): Promise<readonly KubeObject[]> =>
  (await succeed<{ readonly items: readonly KubeObject[] }>(lab.api, "GET", path)).items;

/** Name and resourceVersion of each object: equal before and after means that nobody wrote. */
export const versions = async (lab: Lab, ...paths: readonly string[]): Promise<readonly string[]> => {
  const found = await Promise.all(paths.map((path) => list(lab, path)));
  return found.flat().map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`);
};

/** Resolves once as many pods of the namespace are Ready. */
export const podsReady = (lab: Lab, namespace: string, count: number): Promise<unknown> =>
  waitFor(lab, {
    path: podsPath(namespace),
    until: (pods) => pods.filter((pod) => isReady(pod)).length === count,
    deadlineMs: 20_000,
  });

/** Whether nothing of the feature is left on the pods of the set, but for stamps. */
export const bare = async (lab: Lab, namespace: string, set: string): Promise<boolean> => {
  const pods = (await list(lab, podsPath(namespace))).filter(({ metadata }) => metadata.name.startsWith(`${set}-`));
  return pods.every(
    ({ metadata: { labels = {}, annotations = {} } }) =>
      labels[ROLES.roleLabel] === undefined &&
      labels[enrolmentLabel(ROLES.feature)] === undefined &&
      annotations[tokenAnnotation(ROLES.feature)] === undefined,
  );
};

interface EventObject extends KubeObject {
  readonly reason: string;
  readonly note: string;
  readonly type: string;
  readonly regarding: { readonly name: string };
}

/** Resolves to the first Kubernetes Event of the namespace that matches. @throws at the deadline. */
export const eventRecorded = (
  lab: Lab,
  namespace: string,
  { matches, deadlineMs }: { matches: (event: EventObject) => boolean; deadlineMs: number },
): Promise<EventObject> =>
  poll(
    async () => {
      const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
      const { items } = await succeed<{ readonly items: readonly EventObject[] }>(lab.api, "GET", path);
      return items.find((event) => matches(event));
    },
    { what: `the Event in ${namespace}`, everyMs: pollMs, deadlineMs },
  );

/** Resolves once the object is gone. @throws at the deadline. */
export const gone = (lab: Lab, path: string, deadlineMs: number): Promise<true> =>
  poll(async () => ((await lab.api.call("GET", path)).status === 404 ? true : undefined), {
    what: `the end of ${path}`,
    everyMs: pollMs,
    deadlineMs,
  });

/** The name of what `createGroup` makes. */
export const lockIn = (namespace: string): LockName => ({ namespace, name: "db", leaseName: "db" });

/** A namespace with StatefulSet `db` of three Ready pods. */
export const createPods = async (lab: Lab, namespace: string): Promise<void> => {
  await createNamespace(lab, namespace);
  await createStatefulSet(lab, { name: "db", namespace, replicas: 3 });
  await podsReady(lab, namespace, 3);
};

/** The same and its lock `db`. */
export const createGroup = async (lab: Lab, namespace: string, lock: Partial<LockOptions> = {}): Promise<LockName> => {
  await createPods(lab, namespace);
  await createLock(lab, { name: "db", namespace, statefulSetName: "db", ...lock });
  return lockIn(namespace);
};

/** The message of the lock's condition of that type; undefined: there is none. */
export const conditionMessage = ({ status }: GroupState, wanted: string): string | undefined =>
  status.conditions?.find(({ type }) => type === wanted)?.message;
