/**
 * Reads a checker's group: the owner, the record, and only then the pods (design section 3: members read before the record are the way
 * to two leaders); they are asked after that. What a warm instance remembers saves the dependent reads, and is verified by the same reads.
 */
import type { Io } from "../kit/context.ts";
import { readRecord, type RecordReading } from "../kit/handover/record.ts";
import type { ObjectKey } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import type { Loaded } from "../kit/kube/read.ts";
import { STATEFUL_SETS } from "../kit/kube/request.ts";
import { createReader, readAhead, readLease, type Expected, type GroupReader } from "../kit/pods/ahead.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { viewPods, type GroupPods, type PodQuery } from "../kit/pods/load.ts";
import { memberNamePattern, viewSet, type SetView } from "../kit/pods/stateful-set.ts";
import { outOfReach, type Reach } from "./admit.ts";
import { CHECKERS, ROLES } from "./labels.ts";
import { viewChecker, viewRolesPod, type CheckerView } from "./model.ts";

/** What may be remembered of a checker between runs: names, and the StatefulSet as it was seen; never members or records. */
export interface CheckerHint {
  readonly statefulSetName: string;
  readonly setNamespace: string;
  readonly leaseName: string;
  /** The StatefulSet as it was seen: its selector never changes under one uid. */
  readonly set: SetView | undefined;
}

export interface Owner {
  readonly checker: CheckerView;
  /** All that may name the same StatefulSet. */
  readonly checkers: readonly CheckerView[];
  readonly set: SetView | undefined;
  readonly lease: KubeObject | undefined;
  readonly reading: RecordReading;
  /** The pods of the set's group, read after the record; without a record of ours they are read now. */
  readonly pods: (now: number) => Promise<Loaded<GroupPods<Candidate>>>;
}

const NO_PODS: GroupPods<Candidate> = { pods: [], others: [] };

/** Checkers that may name a StatefulSet of the namespace: where none may reach out of its own, those of that namespace. */
export const listCheckers = async (
  { context, send }: Io,
  namespace: string,
  { served, open }: Reach,
): Promise<Loaded<readonly CheckerView[]>> => {
  const everywhere = served.length === 0 ? [undefined] : [...new Set([...served, namespace])];
  const scopes = open.length === 0 ? [namespace] : everywhere;
  const listings = await Promise.all(scopes.map((scope) => listAll(send, CHECKERS, { namespace: scope })));
  const checkers: CheckerView[] = [];
  for (const listing of listings) {
    if (!listing.ok) return { ok: false, response: listing.response, doing: "list LeaderStatusCheckers" };
    checkers.push(...listing.items.map((item) => viewChecker(item, context.clock.serverNow())));
  }
  return { ok: true, value: checkers };
};

const queryOf = (namespace: string, { uid, selector }: SetView): PodQuery => ({
  namespace,
  feature: ROLES.feature,
  group: uid,
  selector,
});

const expectedOf = ({ setNamespace, statefulSetName, leaseName, set }: CheckerHint): Expected => ({
  objects: [{ resource: STATEFUL_SETS, name: statefulSetName }],
  lease: leaseName,
  pods: set === undefined ? undefined : queryOf(setNamespace, set),
});

const podsOf =
  (reader: GroupReader, namespace: string, set: SetView | undefined): Owner["pods"] =>
  async (now) => {
    if (set === undefined) return { ok: true, value: NO_PODS };
    const lists = await reader.pods(queryOf(namespace, set));
    return viewPods(lists, set.uid, (pod) => viewRolesPod(pod, set, now));
  };

type Group = Omit<Owner, "checker" | "checkers">;

const NOTHING: Group = {
  set: undefined,
  lease: undefined,
  reading: { kind: "none" },
  pods: () => Promise.resolve({ ok: true, value: NO_PODS }),
};

const viewGroup = (
  { set, lease }: { readonly set: KubeObject | undefined; readonly lease: KubeObject | undefined },
  statefulSetName: string,
  now: number,
): Omit<Group, "pods"> => {
  const isMemberName = memberNamePattern(statefulSetName);
  return {
    set: set === undefined ? undefined : viewSet(set),
    lease,
    reading: readRecord(lease, { feature: ROLES.feature, now, isMemberName }),
  };
};

const loadGroup = async (
  { context, send }: Io,
  { setNamespace, statefulSetName, leaseName, status }: CheckerView,
  { ahead, hint }: { readonly ahead: GroupReader; readonly hint: CheckerHint | undefined },
): Promise<Loaded<Group>> => {
  const isExpected = hint?.setNamespace === setNamespace && hint.leaseName === leaseName;
  const direct = createReader(send, setNamespace);
  const reader = isExpected ? ahead : direct;
  const now = (): number => context.clock.serverNow();
  const [set, { lease, reader: after }] = await Promise.all([
    reader.named(STATEFUL_SETS, statefulSetName),
    readLease({ ahead: reader, direct }, { name: leaseName, epochSeen: status.epoch }, now),
  ]);
  if (!set.ok) return { ok: false, response: set.response, doing: `get StatefulSet ${statefulSetName}` };
  if (!lease.ok) return { ok: false, response: lease.response, doing: `get Lease ${leaseName}` };
  const found = viewGroup({ set: set.object, lease: lease.object }, statefulSetName, now());
  // Pods that were read after another Lease may have been read before the record.
  const aheadHolds = isExpected && found.reading.kind === "ours" && found.reading.group === found.set?.uid;
  return { ok: true, value: { ...found, pods: podsOf(aheadHolds ? after : direct, setNamespace, found.set) } };
};

/** `value` undefined: the checker does not exist. A namespace that it must not reach is not read. */
export const loadOwner = async (
  io: Io,
  { namespace, name }: ObjectKey,
  { hint, reach }: { readonly hint: CheckerHint | undefined; readonly reach: Reach },
): Promise<Loaded<Owner | undefined>> => {
  const nearby = createReader(io.send, hint?.setNamespace ?? namespace);
  const ahead = readAhead(nearby, hint === undefined ? undefined : expectedOf(hint));
  const listing = await listCheckers(io, namespace, reach);
  if (!listing.ok) return listing;
  const checkers = listing.value;
  const checker = checkers.find((found) => found.namespace === namespace && found.name === name);
  if (checker === undefined) return { ok: true, value: undefined };
  const isOut = outOfReach(checker, reach) !== undefined;
  const group = isOut ? { ok: true as const, value: NOTHING } : await loadGroup(io, checker, { ahead, hint });
  return group.ok ? { ok: true, value: { checker, checkers, ...group.value } } : group;
};
