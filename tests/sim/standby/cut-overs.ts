/**
 * Watches cut-overs, in and back: none is to nobody, and from the write on that begins one no family of the Service loses its last Ready
 * endpoint, as long as nobody touches the pods that take over, nor the Service. Judged by the slices, so with a controller that lags.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../../../functions/kit/kube/request.ts";
import { selects } from "../../../functions/kit/selector.ts";
import { ROLES, ROUTED_KEY } from "../../../functions/standby/labels.ts";
import { selectorJson, viewService } from "../../../functions/standby/model.ts";
import { SERVICE_LABEL } from "../../../functions/standby/route/names.ts";
import type { Revision } from "../../../infra/lab/memory/object.ts";
import { all, named } from "../hands.ts";
import { FUNCTION_USER, type World } from "../world.ts";
import { controllersNeedMs } from "./endpoint-slices.ts";
import { isLeading, isOurs, trackLeads, viewAnySlice, type Leads } from "./leads.ts";
import { followPods } from "./pod-news.ts";

/** A pod that was touched within this time before may not have reached the controllers yet. */
const steadyMs = 1_000;
/** What a write may still go by that was read before, and how long that may be where requests hang. */
const staleMs = 1_000;
const longStaleMs = 40_000;
const DELAYS = [
  "stall",
  "slow",
  "late",
  "oldAnswer",
  "freeze",
  "freezeAll",
  "hoursPass",
  "restore",
  "ownClock",
] as const;
/** They make the function's second of patience worth nothing: time leaps, or the controller lags by more. */
const UNTIMED = ["serverClock", "ownClock", "otherDate", "restore", "hoursPass", "idleController"] as const;

interface Beginning {
  readonly service: string;
  readonly what: "label cut-over" | "route cut-over" | "way back";
  /** That led somewhere until now. */
  readonly families: readonly string[];
  /** uids of the pods that lead from now on. */
  readonly heirs: readonly string[];
}

interface CutOver extends Beginning {
  readonly begunAt: number;
}

const selectorIn = (object: KubeObject | undefined): Readonly<Record<string, string>> =>
  object === undefined ? {} : viewService(object).selector;

/** The key that we just added. */
const keyAdded = ({ type, object, previous, writer }: Revision): string | undefined =>
  type === "MODIFIED" && writer.user === FUNCTION_USER
    ? [ROLES.roleLabel, ROUTED_KEY].find((key) => key in selectorIn(object) && !(key in selectorIn(previous)))
    : undefined;

/** A write of ours changed what others have in the selector. */
const isForeignKeyChanged = ({ object, previous, writer }: Revision): boolean =>
  writer.user === FUNCTION_USER &&
  previous !== undefined &&
  selectorJson(viewService(object).original) !== selectorJson(viewService(previous).original);

/** Also of a slice that has just lost its label. */
const serviceOf = ({ object, previous }: Revision): string =>
  object.metadata.labels?.[SERVICE_LABEL] ?? previous?.metadata.labels?.[SERVICE_LABEL] ?? "";

const familiesOf = ({ spec }: KubeObject): readonly string[] =>
  (spec as { readonly ipFamilies?: readonly string[] }).ipFamilies ?? ["IPv4"];

const isRespecified = ({ object, previous, writer }: Revision): boolean =>
  writer.user !== FUNCTION_USER && JSON.stringify(object["spec"]) !== JSON.stringify(previous?.["spec"]);

/** The cut-over that a write to a Service begins. */
const beginningByKey = (world: World, leads: Leads, revision: Revision): Beginning | undefined => {
  const { object } = revision;
  const service = object.metadata.name;
  const key = keyAdded(revision);
  if (key === ROUTED_KEY) {
    const ours = leads.ours(service).filter(isLeading);
    const heirs = [...new Set(ours.flatMap(({ holder }) => holder?.uid ?? []))];
    const families = heirs.length === 0 ? leads.families(service) : ours.map(({ addressType }) => addressType);
    return { service, what: "route cut-over", families, heirs };
  }
  if (key !== ROLES.roleLabel) return undefined;
  const labelled = all(world, PODS).filter(({ metadata }) =>
    selects({ matchLabels: selectorIn(object) }, metadata.labels),
  );
  const heirs = labelled.map(({ metadata }) => metadata.uid);
  return {
    service,
    what: "label cut-over",
    families: familiesOf(object).filter((family) => leads.ready(service, family).length > 0),
    heirs,
  };
};

/** The end of the way back that the deletion of a slice of ours is. */
const beginningByDeletion = (world: World, leads: Leads, revision: Revision): Beginning | undefined => {
  const { type, object, writer } = revision;
  const slice = viewAnySlice(object);
  const service = slice.labels[SERVICE_LABEL] ?? "";
  const isGone = type === "DELETED" && writer.user === FUNCTION_USER && isOurs(slice) && isLeading(slice);
  const found = isGone ? named(world, SERVICES, service) : undefined;
  const isLeaving = found !== undefined && slice.owner === found.metadata.uid && viewService(found).mode !== "route";
  if (!isLeaving || !familiesOf(found).includes(slice.addressType)) return undefined;
  const heirs = leads.ready(service, slice.addressType).filter((uid) => uid !== "");
  return { service, what: "way back", families: [slice.addressType], heirs };
};

export const watchCutOvers = (world: World): void => {
  const { api, clock, problems, onRestore, tally } = world;
  const [leads, news] = [trackLeads(world), followPods(world)];
  const under = new Map<string, CutOver>();
  /** When the last label cut-over of a Service of that name began. */
  const labelledAt = new Map<string, number>();
  /** When somebody else edited the families or the selector of a Service of that name. */
  const editedAt = new Map<string, number>();
  onRestore.push(() => under.clear());
  const mostStaleMs = (): number => (DELAYS.some((delay) => tally.has(delay)) ? longStaleMs : staleMs);
  /** When somebody else took a slice of ours away, or what it leads to. */
  let robbedAt = Number.NEGATIVE_INFINITY;
  const ableOf = ({ service, heirs }: Beginning): readonly string[] => {
    const found = named(world, SERVICES, service);
    return found === undefined ? [] : heirs.filter((uid) => news.isAble(uid, found));
  };
  const areUntouched = (uids: readonly string[], since: number): boolean =>
    uids.every((uid) => news.isUntouched(uid, since));
  const isOldNews = ({ service, heirs }: Beginning, since: number): boolean =>
    Math.max(news.lostAt(), robbedAt, editedAt.get(service) ?? Number.NEGATIVE_INFINITY) < since &&
    areUntouched(heirs, since);
  const begin = (beginning: Beginning, version: number): void => {
    const { service, what, families } = beginning;
    const begunAt = clock.lived();
    const able = ableOf(beginning);
    const isSure = able.length > 0 && areUntouched(able, begunAt - steadyMs);
    const isToNobody = able.length === 0 && families.length > 0 && isOldNews(beginning, begunAt - mostStaleMs());
    if (isToNobody) problems.push(`empty: revision ${version}: ${what} of ${service} to nobody who can lead`);
    if (what === "label cut-over") labelledAt.set(service, begunAt);
    if (isSure) under.set(service, { ...beginning, heirs: able, begunAt });
    else under.delete(service);
    world.count(isSure ? `watched ${what}` : `unsure ${what}`);
  };
  const noteService = (revision: Revision): void => {
    const { name } = revision.object.metadata;
    const beginning = beginningByKey(world, leads, revision);
    if (isForeignKeyChanged(revision))
      problems.push(`S19: revision ${revision.resourceVersion}: rewrote the selector of ${name}`);
    if (revision.writer.user !== FUNCTION_USER) under.delete(name);
    if (isRespecified(revision)) editedAt.set(name, clock.lived());
    if (beginning === undefined) return;
    begin(beginning, revision.resourceVersion);
  };
  const noteSlice = (revision: Revision): void => {
    const { object, writer, resourceVersion } = revision;
    const slice = viewAnySlice(object);
    const name = serviceOf(revision);
    if (isOurs(slice) && writer.user !== FUNCTION_USER) {
      under.delete(name);
      robbedAt = clock.lived();
    }
    const beginning = beginningByDeletion(world, leads, revision);
    if (beginning !== undefined) begin(beginning, resourceVersion);
    const cutOver = under.get(name);
    if (cutOver !== undefined) judgeLead(cutOver, resourceVersion);
  };
  const judgeLead = ({ service, what, begunAt, families, heirs }: CutOver, version: number): void => {
    const isOver = clock.lived() > begunAt + controllersNeedMs(world);
    const isTouched = !areUntouched(heirs, begunAt - steadyMs);
    // A way back right after a label cut-over has to do with a controller that may not have heard of the label.
    const isLabelled = (labelledAt.get(service) ?? Number.NEGATIVE_INFINITY) >= begunAt - controllersNeedMs(world);
    const isUntimed = isLabelled && what !== "route cut-over" && UNTIMED.some((disturbance) => tally.has(disturbance));
    const empty = families.filter((family) => leads.ready(service, family).length === 0);
    if (isOver || isTouched || isUntimed) under.delete(service);
    else if (empty.length > 0)
      problems.push(`empty: revision ${version}: ${what} left ${service} without ${empty.join()}`);
  };
  api.onRevision((revision) => {
    if (revision.resource.plural === SERVICES.plural) noteService(revision);
    if (revision.resource.plural === ENDPOINT_SLICES.plural) noteSlice(revision);
  });
};
