/** The Service that clients write through, and a watch of where it leads. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { ROLES } from "../../functions/election/labels.ts";
import { succeed } from "../../infra/lab/api.ts";
import { listWatch } from "../../infra/lab/list-watch.ts";
import type { GroupName } from "../lab/names.ts";
import type { OpenLab } from "../lab/open.ts";
import { poll } from "../../infra/lab/poll.ts";

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
  /** Resolves once the Service leads to this pod and no other. @throws after 30 s. */
  leadsTo(pod: string): Promise<void>;
}

const PORT = 5432;
const pollMs = 20;
const deadlineMs = 30_000;

/** Names of the Ready endpoints; a condition that is not told counts as true. */
export const readyOf = ({ endpoints }: Pick<Slice, "endpoints">): readonly string[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ targetRef }) => targetRef?.name ?? []);

/** A Service on the group's writer. */
export const startRoute = async (
  { api, kubeConfig, signal }: OpenLab,
  { namespace, name }: GroupName,
): Promise<Route> => {
  const body = {
    metadata: { name: `${name}-writer` },
    spec: { selector: { app: name, [ROLES.roleLabel]: ROLES.leader }, ports: [{ port: PORT }] },
  };
  await succeed(api, "POST", `/api/v1/namespaces/${namespace}/services`, { body });
  const slices = new Map<string, readonly string[]>();
  const routings: Routing[] = [];
  const onEvent = ({ type, object }: { type: string; object: Slice }): void => {
    if (type === "DELETED") slices.delete(object.metadata.name);
    else slices.set(object.metadata.name, readyOf(object));
    routings.push({ at: performance.now(), ready: [...slices.values()].flat() });
  };
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  await listWatch<Slice>({ kubeConfig, path, onEvent, signal });
  return {
    routings,
    leadsTo: async (pod) => {
      const isLed = async (): Promise<true | undefined> => {
        const ready = routings.at(-1)?.ready ?? [];
        return ready.length === 1 && ready[0] === pod ? true : undefined;
      };
      await poll(isLed, { what: `the Service leads to ${pod}`, everyMs: pollMs, deadlineMs });
    },
  };
};
