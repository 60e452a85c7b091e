/**
 * The garbage collector and the namespace controller of the memory API, as one explicit step: dependents of owners
 * that are gone, orphaning, foreground deletion, and the content of namespaces that end.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Resource } from "../../../functions/kit/kube/request.ts";
import type { MemoryApi } from "./api.ts";
import type { Driver } from "./driver.ts";
import { createDriver } from "./driver.ts";
import { NAMESPACES } from "./kinds.ts";

interface Item {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export interface Stepper {
  /** Does what is due now. True when it wrote anything, so that callers repeat it until nothing is due. */
  readonly step: () => boolean;
}

const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

const dependsOn = ({ object }: Item, uid: string): boolean =>
  object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;

const dropFinalizer = (driver: Driver, { resource, object }: Item, finalizer: string): void => {
  const finalizers = object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
  driver.patch(resource, object, { metadata: { finalizers, resourceVersion: object.metadata.resourceVersion } });
};

const orphan = (driver: Driver, owner: Item, items: readonly Item[]): void => {
  const { uid } = owner.object.metadata;
  for (const item of items.filter((candidate) => dependsOn(candidate, uid))) {
    const ownerReferences = item.object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
    driver.patch(item.resource, item.object, { metadata: { ownerReferences } });
  }
  dropFinalizer(driver, owner, "orphan");
};

/** True when it deleted a dependent or, all of them being gone, released the owner. */
const foreground = (driver: Driver, owner: Item, items: readonly Item[]): boolean => {
  const dependents = items.filter((item) => dependsOn(item, owner.object.metadata.uid));
  if (dependents.length === 0) {
    dropFinalizer(driver, owner, "foregroundDeletion");
    return true;
  }
  const due = dependents.filter(({ object }) => !isDeleting(object));
  for (const { resource, object } of due) driver.remove(resource, object);
  return due.length > 0;
};

const collect = (driver: Driver, item: Item, items: readonly Item[], alive: ReadonlySet<string>): boolean => {
  const { object, resource } = item;
  const { finalizers, ownerReferences } = object.metadata;
  if (isDeleting(object)) {
    if (finalizers?.includes("orphan") === true) {
      orphan(driver, item, items);
      return true;
    }
    return finalizers?.includes("foregroundDeletion") === true && foreground(driver, item, items);
  }
  if (ownerReferences === undefined || ownerReferences.some(({ uid }) => alive.has(uid))) return false;
  driver.remove(resource, object);
  return true;
};

/** Empties a namespace that ends, and lets it go when it is empty. */
const endNamespace = (driver: Driver, namespace: KubeObject, items: readonly Item[]): boolean => {
  const content = items.filter(({ object }) => object.metadata.namespace === namespace.metadata.name);
  const due = content.filter(({ object }) => !isDeleting(object));
  for (const { resource, object } of due) driver.remove(resource, object);
  if (content.length > 0) return due.length > 0;
  const { finalizers } = namespace.spec as { readonly finalizers?: readonly string[] };
  if (finalizers === undefined || finalizers.length === 0) return false;
  driver.put(NAMESPACES, { ...namespace, spec: { finalizers: [] } }, "finalize");
  return true;
};

export const createCollector = (api: MemoryApi): Stepper => {
  const driver = createDriver(api, "kube-controller-manager");
  const all = (): readonly Item[] =>
    api.resources.flatMap((resource) => driver.list(resource).map((object) => ({ resource, object })));
  return {
    step: () => {
      const items = all();
      const alive = new Set(items.map(({ object }) => object.metadata.uid));
      const collected = items.map((item) => collect(driver, item, items, alive));
      const ended = driver
        .list(NAMESPACES)
        .filter(isDeleting)
        .map((namespace) => endNamespace(driver, namespace, all()));
      return [...collected, ...ended].includes(true);
    },
  };
};
