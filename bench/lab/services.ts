/** Annotated Services in any number, cut over by the function under test. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../functions/kit/kube/request.ts";
import { MODE_ANNOTATION, MODE_VALUE, ROUTE_ANNOTATION, ROUTE_VALUE } from "../../functions/standby/labels.ts";
import { isNarrowed, viewService } from "../../functions/standby/model.ts";
import { sliceName } from "../../functions/standby/route/model.ts";
import { EXCLUSIVE_ANNOTATION, EXCLUSIVE_VALUE } from "../../functions/standby/route/names.ts";
import type { Lab } from "../../infra/lab/lab.ts";
import { addEach } from "./groups.ts";
import type { GroupName } from "./names.ts";

export type ServiceMode = "label" | "route";

export const SERVICE_MODES: readonly ServiceMode[] = ["label", "route"];

const PORTS = [{ port: 5432 }];

const ANNOTATIONS: Readonly<Record<ServiceMode, Readonly<Record<string, string>>>> = {
  label: { [MODE_ANNOTATION]: MODE_VALUE },
  route: { [MODE_ANNOTATION]: MODE_VALUE, [ROUTE_ANNOTATION]: ROUTE_VALUE },
};

const isExclusive = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.[EXCLUSIVE_ANNOTATION] === EXCLUSIVE_VALUE;

const recordOf = ({ name }: GroupName): string => sliceName(name, "IPv4");

/** A Service in front of each StatefulSet; resolves when all lead to their active pod alone. */
export const addServices = (lab: Lab, groups: readonly GroupName[], mode: ServiceMode): Promise<void> => {
  const manifest = ({ name }: GroupName): unknown => ({
    metadata: { name, annotations: ANNOTATIONS[mode] },
    spec: { selector: { app: name }, ports: PORTS },
  });
  const settled =
    mode === "label"
      ? { isSettled: (service: KubeObject) => isNarrowed(viewService(service)) }
      : { shown: { resource: ENDPOINT_SLICES, nameOf: recordOf }, isSettled: isExclusive };
  return addEach(lab, groups, { resource: SERVICES, manifest, ...settled });
};

/** A Service that is not annotated, and whose selector asks for something besides; not told to the function. */
export const addServiceApart = (
  lab: Lab,
  group: GroupName,
  selector: Readonly<Record<string, string>>,
): Promise<void> => {
  const manifest = ({ name }: GroupName): unknown => ({
    metadata: { name, labels: { app: name } },
    spec: { selector: { app: name, ...selector }, ports: PORTS },
  });
  return addEach(lab, [group], { resource: SERVICES, manifest, isSettled: () => true });
};
