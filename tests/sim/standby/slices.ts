/**
 * Watches slices of ours, independently of the history checker: those of one Service never lead to two pods, over either family and at
 * any revision, and no epoch of a record is given to two.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES } from "../../../functions/kit/kube/request.ts";
import { isReadyEndpoint, viewSlice, type SliceView } from "../../../functions/standby/route/model.ts";
import { MANAGER, MANAGER_LABEL, PART_LABEL, SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import { all } from "../hands.ts";
import { FUNCTION_USER, type World } from "../world.ts";

const view = (slice: KubeObject): SliceView => viewSlice(slice, Number.POSITIVE_INFINITY);

const isRecord = ({ labels }: SliceView): boolean =>
  labels[MANAGER_LABEL] === MANAGER && labels[PART_LABEL] === "record";

export const watchSlices = (world: World): void => {
  const { api, problems, onRestore } = world;
  const slices = new Map<string, SliceView>();
  /** Holder of each epoch of a record, and the last epoch of each. */
  const holders = new Map<string, string>();
  const highest = new Map<string, number>();
  onRestore.push(() => {
    slices.clear();
    holders.clear();
    highest.clear();
    for (const slice of all(world, ENDPOINT_SLICES).map(view)) slices.set(slice.uid, slice);
  });
  const judgeLead = (service: string, version: number): void => {
    const ours = [...slices.values()].filter(
      ({ labels }) => labels[MANAGER_LABEL] === MANAGER && labels[SERVICE_LABEL] === service,
    );
    const ready = ours.flatMap(({ endpoints }) => endpoints).filter((endpoint) => isReadyEndpoint(endpoint));
    const uids = new Set(ready.map(({ targetRef }) => targetRef?.uid));
    if (uids.size > 1) problems.push(`S2: revision ${version}: our slices of ${service} lead to ${uids.size} pods`);
  };
  const judgeEpoch = ({ uid, name, epoch = 0, holder }: SliceView, version: number): void => {
    const key = `${uid}/${epoch}`;
    const [before, now] = [holders.get(key), holder?.uid ?? ""];
    const last = highest.get(uid) ?? 0;
    holders.set(key, now);
    highest.set(uid, Math.max(epoch, last));
    if (before !== undefined && before !== now)
      problems.push(`S4: revision ${version}: ${name} gives epoch ${epoch} twice`);
    if (epoch < last)
      problems.push(`S4: revision ${version}: the epoch of ${name} went back to ${epoch} after ${last}`);
  };
  api.onRevision(({ type, resource, object, resourceVersion, writer }) => {
    if (resource.plural !== ENDPOINT_SLICES.plural) return;
    const slice = view(object);
    if (type === "DELETED") slices.delete(slice.uid);
    else slices.set(slice.uid, slice);
    const isOurs = writer.user === FUNCTION_USER;
    const service = slice.labels[SERVICE_LABEL];
    // Without the label nobody takes it for a slice of the Service.
    if (isOurs && service !== undefined) judgeLead(service, resourceVersion);
    if (isOurs && type !== "DELETED" && isRecord(slice)) judgeEpoch(slice, resourceVersion);
  });
};
