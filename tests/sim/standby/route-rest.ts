/** Whether Services in route mode lead to one pod by slices of ours, and the others carry nothing of route mode. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../../functions/kit/kube/request.ts";
import { disqualification } from "../../../functions/kit/handover/choose.ts";
import { ROUTED_ANNOTATION, ROUTED_KEY } from "../../../functions/standby/labels.ts";
import {
  isReadyEndpoint,
  viewRouted,
  viewRoutePod,
  viewSlice,
  type RoutedService,
  type SliceView,
} from "../../../functions/standby/route/model.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { all } from "../hands.ts";
import { isBystander } from "../workload.ts";
import type { World } from "../world.ts";

/** By whatever their labels say, those that lead for a Service of that name. */
const slicesOf = (slices: readonly SliceView[], name: string): readonly SliceView[] =>
  slices.filter(({ labels }) => labels[SERVICE_LABEL] === name);

const readyIn = (slices: readonly SliceView[], family: string): readonly string[] => {
  const ready = slices.filter(({ addressType }) => addressType === family).flatMap(({ endpoints }) => endpoints);
  return [
    ...new Set(ready.filter((endpoint) => isReadyEndpoint(endpoint)).map(({ targetRef }) => targetRef?.uid ?? "")),
  ];
};

const elsewhereOver = (service: RoutedService, slices: readonly SliceView[], active: string): string | undefined => {
  const wrong = service.families.filter((family) => readyIn(slices, family).join() !== active);
  const targets = wrong.map((family) => `${family} to ${readyIn(slices, family).join(" and ") || "nobody"}`);
  return wrong.length === 0 ? undefined : `it leads over ${targets.join(", over ")}`;
};

const recordIn = (slices: readonly SliceView[]): SliceView | undefined =>
  slices.find(({ holder, labels }) => holder !== undefined && labels[MANAGER_LABEL] === MANAGER);

/** Undefined: as it should be. */
const routedUnrest = (
  service: RoutedService,
  slices: readonly SliceView[],
  able: readonly string[],
): string | undefined => {
  const { uid = "", name = "nobody" } = recordIn(slices)?.holder ?? {};
  const wrong: readonly (readonly [is: boolean, what: string | undefined])[] = [
    [!able.includes(uid), `the record names ${name}`],
    [true, elsewhereOver(service, slices, uid)],
    [!slices.some(({ exclusive }) => exclusive), "the cut-over has not ended"],
    [service.selector[ROUTED_KEY] === undefined, "its selector has no key of ours"],
    [service.isKept, "label mode is not taken back"],
  ];
  return able.length === 0 ? undefined : wrong.find(([is, what]) => is && what !== undefined)?.[1];
};

const isTouched = ({ selector, metadata }: RoutedService): boolean =>
  selector[ROUTED_KEY] !== undefined || metadata.annotations?.[ROUTED_ANNOTATION] !== undefined;

/** Every pod has addresses of both families. */
export const routeUnrest = (world: World, pods: readonly KubeObject[]): readonly string[] => {
  const now = world.api.now();
  const slices = all(world, ENDPOINT_SLICES).map((slice) => viewSlice(slice, now));
  const services = all(world, SERVICES)
    .filter((service) => !isBystander(service))
    .map((service) => viewRouted(service, now));
  const routed = services.filter(({ mode }) => mode === "route");
  const unled = routed.flatMap((service) => {
    const views = pods.map((pod) => viewRoutePod(pod, service, now));
    const able = views.filter((pod) => disqualification(pod, service.uid) === undefined).map(({ uid }) => uid);
    const wrong = routedUnrest(service, slicesOf(slices, service.name), able);
    return wrong === undefined ? [] : [`${service.name} in route mode: ${wrong}`];
  });
  const names = new Set(routed.map(({ name }) => name));
  const others = services.filter(({ name }) => !names.has(name)).filter(isTouched);
  const left = slices.filter(
    ({ labels, name }) =>
      labels[MANAGER_LABEL] === MANAGER && !names.has(labels[SERVICE_LABEL] ?? name.replace(/-bellwether-.*/, "")),
  );
  return [
    ...unled,
    ...others.map(({ name }) => `${name} is not given back by route mode`),
    ...left.map(({ name }) => `EndpointSlice ${name} left behind`),
  ];
};
