/** An eye on where a Service leads, at each revision of the memory API. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../../functions/kit/kube/request.ts";
import { viewService } from "../../../functions/standby/model.ts";
import type { Family } from "../../../functions/standby/route/endpoint.ts";
import { isReadyEndpoint, viewSlice } from "../../../functions/standby/route/model.ts";
import type { MemoryApi } from "../../../infra/lab/memory/api.ts";

/** uids that the Service leads to, by family. */
export type Reach = Readonly<Record<Family, readonly string[]>>;

const reachOf = (slices: Iterable<KubeObject>, service: string): Reach => {
  const reach: Record<Family, string[]> = { IPv4: [], IPv6: [] };
  for (const raw of slices) {
    const slice = viewSlice(raw, Date.now());
    if (slice.labels["kubernetes.io/service-name"] !== service) continue;
    const family: Family = slice.addressType === "IPv6" ? "IPv6" : "IPv4";
    const uids = slice.endpoints.filter(isReadyEndpoint).map(({ targetRef }) => targetRef?.uid ?? "");
    reach[family].push(...uids.filter((uid) => !reach[family].includes(uid)));
  }
  return reach;
};

const violationOf = ({ IPv4, IPv6 }: Reach): string | undefined => {
  if (IPv4.length > 1 || IPv6.length > 1) return `two at once: ${IPv4.join()} ${IPv6.join()}`;
  const [four, six] = [IPv4[0], IPv6[0]];
  return four !== undefined && six !== undefined && four !== six ? `the families differ: ${four} ${six}` : undefined;
};

/** See `RouteWorld`. */
export interface Eye {
  readonly violations: string[];
  readonly gaps: string[];
  readonly reach: () => Reach;
}

/** Follows the slices; S2 is due from the revision on at which our record says that the cut-over has ended, until it goes. */
export const watch = (api: MemoryApi, service: string): Eye => {
  const slices = new Map<string, KubeObject>();
  const violations: string[] = [];
  const gaps: string[] = [];
  let exclusive = false;
  api.onRevision(({ type, resource, object }) => {
    if (resource.plural === SERVICES.plural && viewService(object).mode !== "route") exclusive = false;
    if (resource.plural !== ENDPOINT_SLICES.plural) return;
    if (type === "DELETED") slices.delete(object.metadata.uid);
    else slices.set(object.metadata.uid, object);
    const slice = viewSlice(object, Date.now());
    if (slice.exclusive) exclusive = type !== "DELETED";
    const reach = reachOf(slices.values(), service);
    const at = `${object.metadata.resourceVersion} ${type} ${object.metadata.name}`;
    const violation = exclusive ? violationOf(reach) : undefined;
    if (violation !== undefined) violations.push(`${at}: ${violation}`);
    if (reach.IPv4.length + reach.IPv6.length === 0) gaps.push(at);
  });
  return { violations, gaps, reach: () => reachOf(slices.values(), service) };
};
