/** Looks after every revision where each Service leads and how many active pods there are, as controllers without delay would see it. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ROLES } from "../../../functions/standby/labels.ts";
import type { Selector } from "../../../functions/standby/model.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";

/** Where a Service led at a revision. */
export interface Route {
  readonly selector: Selector;
  /** Names of the Ready pods that it selects. */
  readonly ready: readonly string[];
}

export interface Routes {
  /** Each distinct state since the start or `forget`. */
  routes(service: string): readonly Route[];
  /** The most active pods that any revision had at once. */
  mostActive(): number;
  forget(): void;
}

const isReady = ({ metadata, status }: KubeObject): boolean => {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return (
    metadata.deletionTimestamp === undefined &&
    conditions.some((condition) => condition.type === "Ready" && condition.status === "True")
  );
};

export const selectorOf = (service: KubeObject | undefined): Selector =>
  ((service?.spec ?? {}) as { selector?: Selector }).selector ?? {};

/** Follows each revision. */
export const watchRoutes = (api: MemoryApi): Routes => {
  const pods = new Map<string, KubeObject>();
  const services = new Map<string, KubeObject>();
  const routes = new Map<string, Route[]>();
  let most = 0;
  const active = (): number =>
    [...pods.values()].filter(({ metadata }) => metadata.labels?.[ROLES.roleLabel] === ROLES.leader).length;
  const look = (): void => {
    most = Math.max(most, active());
    for (const service of services.values()) {
      const selector = selectorOf(service);
      const selected = [...pods.values()].filter(({ metadata }) => selects({ matchLabels: selector }, metadata.labels));
      const route = { selector, ready: selected.filter(isReady).map(({ metadata }) => metadata.name) };
      const known = routes.get(service.metadata.name) ?? [];
      if (JSON.stringify(known.at(-1)) !== JSON.stringify(route)) routes.set(service.metadata.name, [...known, route]);
    }
  };
  api.onRevision(({ type, resource, object }) => {
    const all = resource.plural === PODS.plural ? pods : services;
    if (![PODS.plural, SERVICES.plural].includes(resource.plural)) return;
    if (type === "DELETED") all.delete(object.metadata.uid);
    else all.set(object.metadata.uid, object);
    look();
  });
  return {
    routes: (service) => routes.get(service) ?? [],
    mostActive: () => most,
    forget: () => {
      most = active();
      routes.clear();
      look();
    },
  };
};
