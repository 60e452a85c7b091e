/** One fail-over of an active/standby Service as its clients would notice it, in either mode. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Kubelet } from "../../infra/lab/kubelet.ts";
import { handOver, restMs, untilLeader, type HandOver } from "../lab/hand-over.ts";
import type { GroupName } from "../lab/names.ts";
import type { Route, Routing } from "../lab/route.ts";
import type { Stopwatch } from "../lab/stopwatch.ts";

/** Where the Service led on the way. */
export interface Reached {
  /** From the acknowledged `Ready=False` until the Service leads to another pod. */
  readonly endpointMs: number;
  /** The Service had no Ready endpoint. */
  readonly emptyMs: number;
  /** Ready endpoints at one time, at most. */
  readonly mostReady: number;
}

export interface LabelFailOver extends Reached, Pick<HandOver, "totalMs" | "gapMs"> {}

export interface Scene {
  readonly kubelet: Kubelet;
  readonly group: GroupName;
  readonly route: Route;
}

/** Lets the EndpointSlice controller see what it has written itself: it tries again after a second where it has not. */
const controllerRestMs = 500;

/** `routings`: from the one that held at `since` on, to the one that leads to another pod. */
export const reachedBy = (routings: readonly Routing[], since: number): Reached => {
  const lasting = routings.map((routing, index) => ({ ...routing, end: routings[index + 1]?.at ?? routing.at }));
  const empty = lasting.filter(({ ready }) => ready.length === 0);
  return {
    endpointMs: (routings.at(-1)?.at ?? Number.NaN) - since,
    emptyMs: empty.reduce((sum, { at, end }) => sum + end - at, 0),
    mostReady: Math.max(...routings.map(({ ready }) => ready.length)),
  };
};

/** From the routing at `begin` to the first one after it that leads to the pod alone. */
const stretch = ({ routings }: Route, begin: number, pod: string): readonly Routing[] => {
  const leads = ({ ready }: Routing): boolean => ready.length === 1 && ready[0] === pod;
  return routings.slice(begin, routings.findIndex((routing, index) => index > begin && leads(routing)) + 1);
};

/** Leaves the group as it was, with another active pod. */
export const failOverByLabel = async ({
  kubelet,
  group,
  route,
  watch,
}: Scene & { readonly watch: Stopwatch }): Promise<LabelFailOver> => {
  const { namespace } = group;
  const old = await untilLeader(watch, group);
  await route.leadsTo((pod) => pod === old);
  await sleep(controllerRestMs);
  const begin = route.routings.length - 1;
  const done = await handOver(watch, { group, old }, () => kubelet.setReady(namespace, old, false));
  const { totalMs, gapMs, promoted } = done;
  await route.leadsTo((pod) => pod === promoted.pod);
  await kubelet.setReady(namespace, old, true);
  return { totalMs, gapMs, ...reachedBy(stretch(route, begin, promoted.pod), promoted.at - totalMs) };
};

/** Leaves the group as it was, with another active pod. */
export const failOverByRoute = async ({ kubelet, group, route }: Scene): Promise<Reached> => {
  const { namespace } = group;
  const old = await route.leadsTo(() => true);
  await sleep(restMs);
  const begin = route.routings.length - 1;
  await kubelet.setReady(namespace, old, false);
  const acknowledged = performance.now();
  const pod = await route.leadsTo((name) => name !== old);
  await kubelet.setReady(namespace, old, true);
  return reachedBy(stretch(route, begin, pod), acknowledged);
};
