/** A watch of where a Service leads, by all EndpointSlices that say they are its. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, listRequest } from "../../functions/kit/kube/request.ts";
import { SERVICE_LABEL } from "../../functions/standby/route/names.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import { poll } from "../../infra/lab/poll.ts";
import type { GroupName } from "./names.ts";
import type { OpenLab } from "./open.ts";

export interface Slice extends KubeObject {
  /** A slice without endpoints has null. */
  readonly endpoints:
    | readonly {
        readonly conditions?: { readonly ready?: boolean };
        readonly targetRef?: { readonly name: string };
      }[]
    | null;
}

/** What the slices said from a moment on. */
export interface Routing {
  /** performance.now() at which the watcher saw it. */
  readonly at: number;
  /** Names of the Ready endpoints. */
  readonly ready: readonly string[];
}

export interface Route {
  /** Every change so far. */
  readonly routings: readonly Routing[];
  /** Resolves to the pod once the Service leads to one alone, which `isIt`. @throws after 30 s. */
  leadsTo(isIt: (pod: string) => boolean): Promise<string>;
}

const pollMs = 20;
const deadlineMs = 30_000;

/** Names of the Ready endpoints; a condition that is not told counts as true. */
export const readyOf = ({ endpoints }: Pick<Slice, "endpoints">): readonly string[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => targetRef?.name ?? []);

export const followRoute = async (
  { kubeConfig, signal }: OpenLab,
  { namespace, name: service }: GroupName,
): Promise<Route> => {
  const slices = new Map<string, readonly string[]>();
  const routings: Routing[] = [];
  const onEvent = ({ type, object }: { type: string; object: Slice }): void => {
    const { name, labels } = object.metadata;
    if (labels?.[SERVICE_LABEL] !== service) return;
    if (type === "DELETED") slices.delete(name);
    else slices.set(name, readyOf(object));
    routings.push({ at: performance.now(), ready: [...slices.values()].flat() });
  };
  const { path } = listRequest(ENDPOINT_SLICES, { namespace });
  await listWatch<Slice>({ kubeConfig, path, onEvent, signal });
  return {
    routings,
    leadsTo: (isIt) => {
      const led = async (): Promise<string | undefined> => {
        const [pod, ...others] = routings.at(-1)?.ready ?? [];
        return pod !== undefined && others.length === 0 && isIt(pod) ? pod : undefined;
      };
      return poll(led, { what: `Service ${service} leads to the expected pod`, everyMs: pollMs, deadlineMs });
    },
  };
};
