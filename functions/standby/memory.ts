/**
 * What a warm instance remembers: which groups of Services there are, and their selectors. Hints only: they say which group an event may
 * concern without an API call; every run reads the truth.
 */
import type { ObjectEvent } from "../../events/types.ts";
import { createHints, type Hints } from "../kit/group/hints.ts";
import { enrolmentLabel } from "../kit/handover/names.ts";
import { keyText } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { ENDPOINT_SLICES, FIELD_MANAGER, PODS, SERVICES } from "../kit/kube/request.ts";
import { isEventOf } from "../kit/pods/concerned.ts";
import { selects } from "../kit/selector.ts";
import type { Standing } from "./decide.ts";
import { isOfRouteMode, keysOfService, routeKey, serviceKey } from "./keys.ts";
import { ROLES } from "./labels.ts";
import { viewService, type Selector, type ServiceView } from "./model.ts";
import { FAMILIES } from "./route/endpoint.ts";
import { sliceName } from "./route/model.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL } from "./route/names.ts";

export interface StandbyHint {
  readonly namespace: string;
  /** The Services' own. */
  readonly selector: Selector;
  /** Names; the oldest first. */
  readonly services: readonly string[];
}

export interface StandbyMemory extends Hints<StandbyHint> {
  /** Keys of what an event may concern. */
  concerned(event: ObjectEvent): readonly string[];
}

export const hintOf = ({ selector, owners }: Standing): StandbyHint => ({
  namespace: owners[0].namespace,
  selector,
  services: owners.map(({ name }) => name),
});

export const routeHintOf = ({ namespace, name, original }: ServiceView): StandbyHint => ({
  namespace,
  selector: original,
  services: [name],
});

const namespaceValue = (namespace: string): string => `in:${namespace}`;
const serviceValue = (namespace: string, name: string): string => `service:${namespace}/${name}`;

const valuesOf = (_key: string, { namespace, services }: StandbyHint): readonly string[] => [
  namespaceValue(namespace),
  ...services.map((name) => serviceValue(namespace, name)),
];

const SLICE_ENDINGS = FAMILIES.map((family) => sliceName("", family));

/** The Service of which our slice would have the name; none: no slice of ours has it. */
const serviceBySlice = (slice: string): readonly string[] =>
  SLICE_ENDINGS.filter((ending) => slice.endsWith(ending)).map((ending) => slice.slice(0, -ending.length));

/** The echo of an instance that made it: nobody else has written it since. */
const isMadeByUs = ({ metadata: { managedFields = [] } }: KubeObject): boolean =>
  managedFields.length > 0 && managedFields.every(({ manager }) => manager === FIELD_MANAGER);

/** The Services that a slice of ours is of, by its name and by its label, which somebody may have turned to another. */
const servicesOfSlice = ({ change, name, object }: ObjectEvent): readonly string[] => {
  if (object === undefined) return serviceBySlice(name);
  const { [MANAGER_LABEL]: manager, [SERVICE_LABEL]: service } = object.metadata.labels ?? {};
  if (manager !== MANAGER || (change === "add" && isMadeByUs(object as KubeObject))) return [];
  return [...new Set([...serviceBySlice(name), ...(service === undefined ? [] : [service])])];
};

/** A slice that somebody else deletes or writes is mended at once. */
const ofSlice = (event: ObjectEvent): readonly string[] =>
  servicesOfSlice(event).map((name) => routeKey({ namespace: event.namespace, name }));

export const createMemory = (): StandbyMemory => {
  const hints = createHints({ valuesOf, namespaceOf: (_key, { namespace }) => namespace });

  /** Those that it stands for, or stood for when it was last seen. Of most Services there is nothing to say. */
  const ofService = ({ change, namespace, name, object }: ObjectEvent): readonly string[] => {
    const known = hints.at(serviceValue(namespace, name));
    if (object === undefined) return [...known, serviceKey({ namespace, name })];
    const service = viewService(object as KubeObject);
    // Its pods carry nothing by which their events could be known before the next sweep, even after a run elsewhere.
    if (change !== "delete" && isOfRouteMode(service)) hints.remember(routeKey(service), routeHintOf(service));
    const problem = service.problem === undefined ? [] : [serviceKey(service)];
    return [...new Set([...known, ...keysOfService(service), ...problem])];
  };

  /**
   * By its labels, and by its enrolment: a pod may have left the selector. A new pod of a group that only another instance knows is not
   * missed: whoever runs the group next finds it, and before that it is not needed.
   */
  const ofPod = ({ namespace, object }: ObjectEvent): readonly string[] => {
    const inNamespace = hints.at(namespaceValue(namespace));
    if (object === undefined) return inNamespace;
    const { labels = {} } = object.metadata;
    const group = labels[enrolmentLabel(ROLES.feature)];
    const matching = inNamespace.filter((key) => selects({ matchLabels: hints.get(key)?.selector ?? {} }, labels));
    return [...new Set([...(group === undefined ? [] : [keyText({ namespace, name: group })]), ...matching])];
  };

  return {
    ...hints,
    concerned: (event) => {
      if (isEventOf(event, SERVICES)) return ofService(event);
      if (isEventOf(event, ENDPOINT_SLICES)) return ofSlice(event);
      return isEventOf(event, PODS) ? ofPod(event) : [];
    },
  };
};
