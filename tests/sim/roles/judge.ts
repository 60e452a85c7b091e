/**
 * Judges each move of a checker's record by what the instance that made it had heard, independently of how the function decides: the application
 * named the new leader, in answers that are younger than the record that was swapped; and silence was never taken for a denial.
 */
import { GROUP_LABEL, HOLDER_UID_ANNOTATION } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, STATEFUL_SETS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { CHECKERS, recordName, ROLES } from "../../../functions/roles/labels.ts";
import type { Revision } from "../../../infra/lab/memory/object.ts";
import { all, named } from "../hands.ts";
import type { World } from "../world.ts";
import { roundOf } from "./asker.ts";
import type { Round } from "./applications.ts";
import { specOf } from "./checkers.ts";

/** Within this time an instance may still go by a set or a checker as it was before. */
const staleMs = 60_000;

/** A request that may move a record, and what its sender had heard. */
interface Basis {
  readonly round: Round | undefined;
  readonly set: string;
}

interface Move {
  readonly from: string | undefined;
  /** Undefined: nobody leads from now on. */
  readonly to: string | undefined;
  /** There was no record: a leader by its label alone may stay. */
  readonly isFirst: boolean;
  readonly round: Round;
  /** The least that the set had while the sender may have read it. */
  readonly replicas: number;
}

const holderIn = (lease: KubeObject | undefined): string | undefined =>
  lease?.metadata.annotations?.[HOLDER_UID_ANNOTATION] || undefined;

const replicasOf = (set: KubeObject | undefined): number =>
  (set?.spec as { replicas?: number } | undefined)?.replicas ?? 1;

const namesIn = ({ name, body }: KubeRequest): string =>
  name ?? (body as { metadata?: { name?: string } } | undefined)?.metadata?.name ?? "";

const countOf = <Value>(values: Iterable<Value>, fits: (value: Value) => boolean): number =>
  [...values].filter(fits).length;

/** What is wrong with it that nobody leads from now on, by what was heard. */
const objectionToNobody = ({ from, round: { leads } }: Move): string | undefined => {
  if (from === undefined || !leads.has(from)) return undefined;
  const answer = leads.get(from);
  if (answer === undefined) return "nobody leads, though the leader was only silent";
  return answer ? "nobody leads, though the leader says that it does" : undefined;
};

/** What is wrong with it that this pod leads from now on. */
const objectionToLeader = ({ from, isFirst, round, replicas }: Move, to: string): string | undefined => {
  const { leads, views } = round;
  const majority = Math.floor(replicas / 2) + 1;
  const answered = countOf(leads.values(), (answer) => answer !== undefined);
  const isSilent = from !== undefined && leads.has(from) && leads.get(from) === undefined;
  if (isSilent && answered < majority) return `a silent leader lost its label on ${answered} answers of ${replicas}`;
  if (isFirst && leads.get(to) !== false) return undefined;
  if (leads.get(to) !== true) return "whoever leads now did not say so";
  const claimants = countOf(leads.values(), (answer) => answer === true);
  const votes = countOf(views.values(), (seen) => seen === to);
  return claimants > 1 && votes < majority
    ? `${claimants} say that they lead, and ${votes} of ${replicas} see this one`
    : undefined;
};

/** A checker that ends, goes to another set, or has its set made anew, gives its group up without asking. */
const isServing = (world: World, lease: KubeObject, set: string): boolean => {
  const checkers = all(world, CHECKERS);
  const checker = checkers.find(({ metadata }) => recordName(metadata.uid) === lease.metadata.name);
  const group = named(world, STATEFUL_SETS, set)?.metadata.uid;
  return (
    checker !== undefined &&
    lease.metadata.labels?.[GROUP_LABEL] === group &&
    checker.metadata.deletionTimestamp === undefined &&
    specOf(checker).statefulSetName === set &&
    checkers.filter((other) => specOf(other).statefulSetName === set).length === 1
  );
};

export const watchMoves = (world: World): void => {
  const { api, clock, problems, onApplied, onSend, onRestore } = world;
  const bases = new WeakMap<KubeRequest, Basis>();
  /** When each version of a record was written. */
  const writtenAt = new Map<string, number>();
  /** How many replicas each set was to have, and since when. */
  const sizes = new Map<string, { readonly at: number; readonly replicas: number }[]>();
  let last: Revision | undefined;
  onRestore.push(() => writtenAt.clear());
  const setIn = (record: string): string => {
    const checker = all(world, CHECKERS).find(({ metadata }) => recordName(metadata.uid) === record);
    return checker === undefined ? "" : specOf(checker).statefulSetName;
  };
  api.onRevision((revision) => {
    const { resource, object, resourceVersion } = revision;
    if (resource.plural === LEASES.plural) {
      last = revision;
      writtenAt.set(`${object.metadata.uid}/${resourceVersion}`, clock.monotonic());
    }
    if (resource.plural !== STATEFUL_SETS.plural) return;
    const { name } = object.metadata;
    sizes.set(name, [...(sizes.get(name) ?? []), { at: clock.monotonic(), replicas: replicasOf(object) }]);
  });
  onSend.push((instance, request) => {
    const record = namesIn(request);
    if (request.resource.plural !== LEASES.plural || request.method === "GET" || !record.startsWith(recordName("")))
      return;
    const set = setIn(record);
    bases.set(request, { set, round: roundOf(world, instance, set) });
  });
  const leastOf = (set: string): number => {
    const known = sizes.get(set) ?? [];
    const recent = known.filter(
      (_size, index) => (known[index + 1]?.at ?? Number.POSITIVE_INFINITY) > clock.monotonic() - staleMs,
    );
    return Math.min(...recent.map(({ replicas }) => replicas));
  };
  const objection = ({ object, previous }: Revision, { round, set }: Basis): string | undefined => {
    const [from, to] = [holderIn(previous), holderIn(object)];
    if (from === to || !isServing(world, object, set)) return undefined;
    if (round === undefined) return "moved without a question";
    const version = `${previous?.metadata.uid}/${previous?.metadata.resourceVersion}`;
    const isOld = previous !== undefined && round.begunAt < (writtenAt.get(version) ?? 0);
    if (isOld) return "moved by answers that are older than the record that was swapped";
    const move = { from, to, isFirst: previous === undefined, round, replicas: leastOf(set) };
    return to === undefined ? objectionToNobody(move) : objectionToLeader(move, to);
  };
  onApplied.push((_instance, request, { status }) => {
    const basis = bases.get(request);
    if (basis === undefined || status >= 300 || request.method === "DELETE" || last === undefined) return;
    const wrong = objection(last, basis);
    if (wrong !== undefined)
      problems.push(`${ROLES.feature}: revision ${last.resourceVersion}: ${last.object.metadata.name}: ${wrong}`);
  });
};
