/** Where Services lead, by their slices as they are: what proxies and DNS go by. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES } from "../../../functions/kit/kube/request.ts";
import { isReadyEndpoint, viewSlice, type SliceView } from "../../../functions/standby/route/model.ts";
import { MANAGER, MANAGER_LABEL, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { all } from "../hands.ts";
import type { World } from "../world.ts";

export const FAMILIES = ["IPv4", "IPv6"] as const;

export interface Leads {
  /** Slices of ours that lead for the Service of that name. */
  readonly ours: (service: string) => readonly SliceView[];
  /** uids of the pods that it leads to over one family. */
  readonly ready: (service: string, family: string) => readonly string[];
  /** Families over which it leads anywhere. */
  readonly families: (service: string) => readonly string[];
}

export const viewAnySlice = (slice: KubeObject): SliceView => viewSlice(slice, Number.POSITIVE_INFINITY);

export const isLeading = ({ endpoints }: SliceView): boolean => endpoints.some((endpoint) => isReadyEndpoint(endpoint));

export const isOurs = ({ labels }: SliceView): boolean => labels[MANAGER_LABEL] === MANAGER;

/** Knows of each revision before whoever listens after it. */
export const trackLeads = (world: World): Leads => {
  const slices = new Map<string, SliceView>();
  world.onRestore.push(() => {
    slices.clear();
    for (const slice of all(world, ENDPOINT_SLICES).map(viewAnySlice)) slices.set(slice.uid, slice);
  });
  world.api.onRevision(({ type, resource, object }) => {
    if (resource.plural !== ENDPOINT_SLICES.plural) return;
    if (type === "DELETED") slices.delete(object.metadata.uid);
    else slices.set(object.metadata.uid, viewAnySlice(object));
  });
  const of = (service: string): readonly SliceView[] =>
    [...slices.values()].filter(({ labels }) => labels[SERVICE_LABEL] === service);
  const ready = (service: string, family: string): readonly string[] =>
    of(service)
      .filter(({ addressType }) => addressType === family)
      .flatMap(({ endpoints }) => endpoints)
      .filter((endpoint) => isReadyEndpoint(endpoint))
      .map(({ targetRef }) => targetRef?.uid ?? "");
  return {
    ours: (service) => of(service).filter(isOurs),
    ready,
    families: (service) => FAMILIES.filter((family) => ready(service, family).length > 0),
  };
};
