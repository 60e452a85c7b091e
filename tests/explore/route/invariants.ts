/**
 * S2, S4 and G on every change of the server, from what it held before and holds after: nothing of what the instances meant to do is asked.
 * The past that they need is kept in the server's state.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { MODE_ANNOTATION, ROUTED_ANNOTATION, ROUTED_KEY } from "../../../functions/standby/labels.ts";
import { isReadyEndpoint, viewSlice, type SliceView } from "../../../functions/standby/route/model.ts";
import { ROUTED_VALUE } from "../../../functions/standby/route/names.ts";
import { EPOCH_ONE } from "../handover/protocol.ts";
import { isReady } from "../handover/script.ts";
import type { Breach, Judged } from "../system.ts";
import { endpointsOf, FAMILIES, isMember, podsOf, serviceOf, type RoutePast, type RouteServer } from "./server.ts";

const viewed = new WeakMap<KubeObject, SliceView>();

const viewOf = (slice: KubeObject): SliceView => {
  const known = viewed.get(slice) ?? viewSlice(slice, EPOCH_ONE);
  viewed.set(slice, known);
  return known;
};

const recordOf = ({ ours: [record] }: RouteServer): SliceView | undefined =>
  record === undefined ? undefined : viewOf(record);

/** uids that a slice calls ready. */
const readyIn = (slice: KubeObject | undefined): readonly string[] =>
  endpointsOf(slice)
    .filter(isReadyEndpoint)
    .map(({ targetRef }) => targetRef?.uid ?? "");

/** uids that the Service leads to in a family, over all slices. */
const reachOf = ({ ours, theirs }: RouteServer, family: number): readonly string[] => [
  ...new Set([...readyIn(ours[family]), ...readyIn(theirs[family])]),
];

const familiesOf = ({ ours }: RouteServer): readonly number[] => ours.map((_, family) => family);

const reachOfAll = (server: RouteServer): readonly string[] => [
  ...new Set(familiesOf(server).flatMap((family) => reachOf(server, family))),
];

/** Whoever follows us may rely on it: under the turn that the Service has. */
const isMarked = (server: RouteServer): boolean => {
  const record = recordOf(server);
  return record?.exclusive === true && record.turn !== undefined && record.turn === serviceOf(server).turn;
};

const isKeyed = (selector: Readonly<Record<string, string>>): boolean => selector[ROUTED_KEY] === ROUTED_VALUE;

/**
 * The cut-over ends when the record is marked under the turn of the Service. That is over with the annotation or the key: not with the label, which
 * somebody may take off, and not with the mark, which is taken back when others lead. That they do is what S2 is about.
 */
const hasEnded = (before: RouteServer, after: RouteServer): boolean => {
  const { mode, selector } = serviceOf(after);
  if (mode !== "route" || !isKeyed(selector)) return false;
  return before.past.ended || isMarked(after);
};

const oneAddress = (after: RouteServer): readonly Breach[] =>
  familiesOf(after).flatMap((family) => {
    const reach = reachOf(after, family);
    return reach.length < 2
      ? []
      : [{ invariant: "S2" as const, text: `${FAMILIES[family]} leads to ${reach.join(" and ")}` }];
  });

/** Our slices of two families never lead to different pods, cut over or not. */
const onePod = ({ ours }: RouteServer): readonly Breach[] => {
  const [four, six] = ours.map((slice) => readyIn(slice)[0]);
  return four === undefined || six === undefined || four === six
    ? []
    : [{ invariant: "S2", text: `IPv4 leads to ${four}, IPv6 to ${six}` }];
};

/** What was given back may be led by labels by now: of that nothing tells us, so nothing of ours leads anywhere any more. */
const nothingLate = (after: RouteServer): readonly Breach[] => {
  const isGivenBack = after.service.metadata.annotations?.[ROUTED_ANNOTATION] === undefined;
  const late = isGivenBack ? after.ours.flatMap((slice) => readyIn(slice)) : [];
  return late.length === 0
    ? []
    : [{ invariant: "S2", text: `a slice of ours leads to ${late.join(" and ")} after the Service was given back` }];
};

interface Assignment {
  readonly epoch: number;
  readonly uid: string;
  readonly record: string;
}

/** A new record is nobody's first, under the epoch before the next: that assigns nothing. */
const assignmentOf = (record: SliceView | undefined, last: Assignment | undefined): Assignment | undefined =>
  record === undefined || (record.holder === undefined && last?.record !== record.uid)
    ? undefined
    : { epoch: record.epoch ?? 0, uid: record.holder?.uid ?? "", record: record.uid };

/**
 * S4: each assignment has a larger epoch than all before it, or is the same one again. Between two slices only the clock, and what was told on the
 * Service, keep epochs apart: where the clock stands still nothing is asked of it.
 */
const judgeAssignment = (
  { past, clock }: RouteServer,
  after: RouteServer,
): { readonly assigned: RoutePast["assigned"]; readonly breaches: readonly Breach[] } => {
  const last = past.assigned;
  const next = assignmentOf(recordOf(after), last);
  if (next === undefined) return { assigned: last, breaches: [] };
  const isAsked = last !== undefined && (clock.moves || last.record === next.record);
  const isSame = last?.epoch === next.epoch && last.uid === next.uid;
  if (!isAsked || next.epoch > last.epoch || isSame) return { assigned: next, breaches: [] };
  const text = `${next.uid} is active under epoch ${next.epoch} after ${last.uid} under epoch ${last.epoch}`;
  return { assigned: last, breaches: [{ invariant: "S4", text }] };
};

const holderIn = (server: RouteServer): string | undefined => recordOf(server)?.holder?.uid;

/** A fail-over is due. */
const isFailing = (server: RouteServer): boolean =>
  holderIn(server) !== undefined &&
  podsOf(server).every((pod) => pod.metadata.uid !== holderIn(server) || !isReady(pod) || !isMember(pod));

/** Somebody else became active, a cut-over has ended, or the Service was given back. */
const isOver = (before: RouteServer, after: RouteServer, ended: boolean): boolean => {
  const isEnd = ended && !before.past.ended;
  const isBack = after.ours.every((slice) => slice === undefined) && !isKeyed(after.sight.selector);
  const isMoved = recordOf(after) !== undefined && holderIn(before) !== holderIn(after);
  return isEnd || isBack || isMoved;
};

/** The active pod has failed: until that is over nobody may be led to. */
const hasFailed = (before: RouteServer, after: RouteServer, ended: boolean): boolean =>
  isFailing(after) || (before.past.failed && !isOver(before, after, ended));

/** A step of a cut-over, or of its way back: of the Service, to or from our slices, or of the controller with our key. */
const isStep = (before: RouteServer, after: RouteServer): boolean =>
  before.service !== after.service ||
  after.ours.some((slice, family) => slice === undefined && before.ours[family] !== undefined) ||
  (before.theirs !== after.theirs && isKeyed(after.sight.selector));

/** G: nobody is led to any more, though one that was is Ready. */
const someAddress = (before: RouteServer, after: RouteServer): readonly Breach[] => {
  if (reachOfAll(after).length > 0 || !isStep(before, after)) return [];
  const reach = reachOfAll(before);
  const able = podsOf(after).filter((pod) => isReady(pod) && isMember(pod) && reach.includes(pod.metadata.uid));
  const names = able.map(({ metadata }) => metadata.uid).join(" and ");
  return able.length === 0
    ? []
    : [{ invariant: "G", text: `nobody is led to any more, though ${names} was and is Ready` }];
};

export const judgeRoute = (
  before: RouteServer,
  after: RouteServer,
  by: "instance" | "others" | "fault",
): Judged<RouteServer> => {
  const ended = hasEnded(before, after);
  const failed = hasFailed(before, after, ended);
  const { assigned, breaches } = judgeAssignment(before, after);
  return {
    server: { ...after, past: { ...after.past, ended, failed, assigned } },
    breaches: [
      ...(ended ? oneAddress(after) : []),
      ...onePod(after),
      ...nothingLate(after),
      ...breaches,
      ...(by === "fault" || after.past.robbed || failed ? [] : someAddress(before, after)),
    ],
  };
};

const missing = (server: RouteServer): string | undefined => {
  const { annotations = {} } = server.service.metadata;
  const { selector } = serviceOf(server);
  if (isKeyed(selector)) return "the selector still has our key";
  if (server.ours.some((slice) => slice !== undefined)) return "a slice of ours is left";
  if (serviceOf(server).turn !== undefined) return "our label is left";
  return annotations[ROUTED_ANNOTATION] === undefined ? undefined : "our annotations are left";
};

const routedProblem = (server: RouteServer): string | undefined => {
  const able = podsOf(server)
    .filter((pod) => isReady(pod) && isMember(pod))
    .map(({ metadata }) => metadata.uid);
  if (able.length === 0) return undefined;
  const reach = familiesOf(server).map((family) => reachOf(server, family).join(" and "));
  const [first = ""] = reach;
  if (!able.includes(first) || reach.some((uid) => uid !== first)) {
    return `at rest, and the Service leads to ${reach.map((uid) => uid || "nobody").join(", ")}, not to one of ${able.join(", ")}`;
  }
  return isMarked(server) && holderIn(server) === first
    ? undefined
    : `at rest, and the cut-over to ${first} has not ended`;
};

/** L1: what is wrong with a Service at rest; undefined: nothing. */
export const routeRestProblem = (server: RouteServer): string | undefined => {
  if (server.service.metadata.annotations?.[MODE_ANNOTATION] !== undefined) return routedProblem(server);
  const left = missing(server);
  return left === undefined ? undefined : `at rest without the annotation, and ${left}`;
};
