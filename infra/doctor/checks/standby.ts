/** Whether annotated Services are led: they have no status of ours, so their selectors and slices have to tell. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { MODE_ANNOTATION, ROLES } from "../../../functions/standby/labels.ts";
import { isNarrowed, viewService, type ServiceView } from "../../../functions/standby/model.ts";
import { SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";

const events = ({ namespace, name }: ServiceView): string =>
  `kubectl -n ${namespace} describe service ${name}: its Events say why (docs/active-standby.md, Events)`;

interface Endpoints {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean } }[];
}

const isRouted = ({ led }: Snapshot, { namespace, name }: ServiceView): boolean =>
  led.slices.some((slice) => {
    const { metadata } = slice;
    const { endpoints = [] } = slice as KubeObject & Endpoints;
    return (
      metadata.namespace === namespace &&
      metadata.labels?.[SERVICE_LABEL] === name &&
      endpoints.some(({ conditions }) => conditions?.ready === true)
    );
  });

const unaccepted = (object: KubeObject, problem: string): Finding => {
  const [field = "", said = ""] = problem.split(": got ");
  const [got = "", accepted = ""] = said.split(", accepted is ");
  return error({ object: nameOf(object), field, got, accepted, remedy: "Correct it, or take the annotation away." });
};

const unled = (service: ServiceView): Finding =>
  error({
    object: nameOf(service.raw),
    field: `spec.selector["${ROLES.roleLabel}"]`,
    got: "not there: the Service leads to all of its pods",
    accepted: ROLES.leader,
    remedy: events(service),
  });

const unrouted = (service: ServiceView): Finding =>
  error({
    object: nameOf(service.raw),
    field: "EndpointSlice",
    got: "none of ours has a Ready endpoint",
    accepted: "one that has",
    remedy: events(service),
  });

const findingsOf = (snapshot: Snapshot, object: KubeObject): readonly Finding[] => {
  const service = viewService(object);
  if (service.problem !== undefined) return [unaccepted(object, service.problem)];
  switch (service.mode) {
    case "label":
      return isNarrowed(service) ? [] : [unled(service)];
    case "route":
      return isRouted(snapshot, service) ? [] : [unrouted(service)];
    // It is being deleted.
    case "none":
      return [];
  }
};

export const standby: Check = {
  name: "standby",
  reads: ["services", "slices", "BELLWETHER_NAMESPACES"],
  fine: "every annotated Service leads to its active pod",
  run: (snapshot) => {
    const annotated = snapshot.led.services.filter(
      ({ metadata }) => metadata.annotations?.[MODE_ANNOTATION] !== undefined,
    );
    return annotated.length === 0 ? undefined : annotated.flatMap((service) => findingsOf(snapshot, service));
  },
};
