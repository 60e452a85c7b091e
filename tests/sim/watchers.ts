/**
 * What is watched beside the history checker and independent of it: promotions beside another writer, epochs over restores of etcd and
 * clocks that are set back, and writes to what is none of ours.
 */
import { LOCKS, ROLES } from "../../functions/election/labels.ts";
import { epochFloor } from "../../functions/kit/handover/epoch.ts";
import {
  enrolmentLabel,
  EPOCH_ANNOTATION,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS, STATEFUL_SETS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { all, BYSTANDER, specOf, TESTER_USER } from "./hands.ts";
import { FUNCTION_USER, type World } from "./world.ts";

const ENROLMENT = enrolmentLabel(ROLES.feature);
const TOKEN = tokenAnnotation(ROLES.feature);
const STAMP_EPOCH = stampEpochAnnotation(ROLES.feature);
const STAMP_RECORD = stampRecordAnnotation(ROLES.feature);

const isWriter = ({ metadata }: KubeObject): boolean => metadata.labels?.[ROLES.roleLabel] === ROLES.leader;
const appOf = ({ metadata }: KubeObject): string => metadata.labels?.["app"] ?? "";

const isPod = ({ resource }: Revision): boolean => resource.plural === PODS.plural;
const isOurs = ({ writer }: Revision): boolean => writer.user === FUNCTION_USER;

/** The pod is given another token, whatever its label was. */
const isToken = ({ object, previous }: Revision): boolean =>
  object.metadata.annotations?.[TOKEN] !== undefined &&
  object.metadata.annotations[TOKEN] !== previous?.metadata.annotations?.[TOKEN];

/** A pod with the leader label. */
interface Labelled {
  readonly app: string;
  /** Somebody else gave it the label that it has. */
  readonly isForeign: boolean;
}

/**
 * Our promotion of a pod beside another of the same application that carries our own label is a problem. A label that others wrote,
 * or the template, may be there at any moment; whether we should have seen it is the history checker's to say. Returns the
 * names of the pods that others ever made leaders: only with one of them can a doubling be somebody else's.
 */
export const watchDoubles = (world: World): ReadonlySet<string> => {
  const { api, problems, onRestore } = world;
  const labelled = new Map<string, Labelled>();
  const [foreignUids, foreignNames] = [new Set<string>(), new Set<string>()];
  onRestore.push(() => {
    labelled.clear();
    for (const pod of all(world, PODS).filter(isWriter)) {
      labelled.set(pod.metadata.uid, { app: appOf(pod), isForeign: foreignUids.has(pod.metadata.uid) });
    }
  });
  const label = ({ object, resourceVersion }: Revision, isForeign: boolean): void => {
    const { uid, name } = object.metadata;
    const [app, wasOurs] = [appOf(object), labelled.get(uid)?.isForeign === false];
    const isBeside = [...labelled].some(([other, one]) => other !== uid && one.app === app && !one.isForeign);
    if (!isForeign && !wasOurs && isBeside) {
      problems.push(`S1: revision ${resourceVersion}: ${name} promoted beside another writer`);
    }
    labelled.set(uid, { app, isForeign });
    if (!isForeign) return;
    foreignUids.add(uid);
    foreignNames.add(name);
  };
  api.onRevision((revision) => {
    if (!isPod(revision)) return;
    const { type, object } = revision;
    const { uid } = object.metadata;
    const before = isToken(revision) ? undefined : labelled.get(uid)?.isForeign;
    if (type === "DELETED" || !isWriter(object)) labelled.delete(uid);
    else label(revision, before ?? !isOurs(revision));
  });
  return foreignNames;
};

/** The record by which this revision stamps a pod; undefined: it stamps none. */
const stampedBy = (revision: Revision): string | undefined => {
  const { object, previous } = revision;
  const record = object.metadata.annotations?.[STAMP_RECORD];
  return isPod(revision) && record !== previous?.metadata.annotations?.[STAMP_RECORD] ? record : undefined;
};

/** Writes to bystanders, and stamps of another group's record. */
export const watchIsolation = ({ api, problems }: World): void => {
  const groupsOfRecord = new Map<string, Set<string | undefined>>();
  api.onRevision((revision) => {
    const { resource, object, resourceVersion } = revision;
    const { name, uid, labels = {} } = object.metadata;
    if (resource.plural === LEASES.plural) {
      groupsOfRecord.set(uid, (groupsOfRecord.get(uid) ?? new Set()).add(labels[GROUP_LABEL]));
    }
    if (!isOurs(revision)) return;
    if (name.startsWith(BYSTANDER)) problems.push(`S19: revision ${resourceVersion}: wrote ${resource.plural}/${name}`);
    const record = stampedBy(revision);
    if (record === undefined || groupsOfRecord.get(record)?.has(labels[ENROLMENT]) === true) return;
    problems.push(`S19: revision ${resourceVersion}: ${name} stamped by the record of another group`);
  });
};

const epochIn = (text: string | undefined): number => (/^\d+$/.test(text ?? "") ? Number(text) : 0);

/** The largest epoch of a group that its next hand-over can see. */
const remembered = (world: World, group: string): number => {
  const set = all(world, STATEFUL_SETS).find(({ metadata }) => metadata.uid === group)?.metadata;
  const locks = all(world, LOCKS).filter((lock) => specOf(lock).statefulSetName === set?.name);
  const isMember = ({ metadata }: KubeObject): boolean =>
    metadata.labels?.["app"] === set?.name && metadata.ownerReferences?.some(({ uid }) => uid === group) === true;
  const pods = all(world, PODS).filter((pod) => pod.metadata.labels?.[ENROLMENT] === group || isMember(pod));
  const leases = all(world, LEASES).filter(
    ({ metadata }) =>
      metadata.labels?.[GROUP_LABEL] === group && locks.some((lock) => specOf(lock).leaseName === metadata.name),
  );
  // Where several locks compete, only the served one's status is read.
  const [lock] = locks.length === 1 ? locks : [];
  return Math.max(
    (lock?.status as { epoch?: number } | undefined)?.epoch ?? 0,
    ...pods.map(({ metadata }) => epochIn(metadata.annotations?.[STAMP_EPOCH])),
    ...leases.map(({ metadata }) => epochIn(metadata.annotations?.[EPOCH_ANNOTATION])),
  );
};

interface Promoted {
  readonly epoch: number;
  readonly uid: string;
}

/** Under which epoch a pod leads by our word; undefined: it does not. */
const tokenOf = (pod: KubeObject | undefined): string | undefined =>
  pod !== undefined && isWriter(pod) ? pod.metadata.annotations?.[TOKEN] : undefined;

/** A role or token that we just gave; undefined: this revision is no promotion. */
const promotionIn = (revision: Revision): (Promoted & { readonly group: string }) | undefined => {
  const { type, object, previous } = revision;
  if (type === "DELETED" || !isPod(revision) || !isOurs(revision)) return undefined;
  const token = tokenOf(object);
  if (token === undefined || token === tokenOf(previous)) return undefined;
  return { epoch: epochIn(token), uid: object.metadata.uid, group: object.metadata.labels?.[ENROLMENT] ?? "" };
};

/** Name and uid. */
const holderOf = ({ metadata, spec }: KubeObject): readonly [string | undefined, string | undefined] => [
  (spec as { holderIdentity?: string }).holderIdentity,
  metadata.annotations?.[HOLDER_UID_ANNOTATION],
];

/** Somebody else made another pod the holder, by its name and by its uid, under the epoch that was there. */
const isHolderForged = (world: World, revision: Revision): boolean => {
  const { type, resource, object, previous } = revision;
  if (type !== "MODIFIED" || resource.plural !== LEASES.plural || isOurs(revision) || previous === undefined)
    return false;
  const [name, uid] = holderOf(object);
  if (holderOf(previous).join("/") === `${name}/${uid}`) return false;
  return all(world, PODS).some(({ metadata }) => metadata.name === name && metadata.uid === uid);
};

const epochKey = (group: string | undefined, epoch: string | number | undefined): string => `${group}/${epoch}`;

const keyOfRecord = ({ metadata }: KubeObject): string =>
  epochKey(metadata.labels?.[GROUP_LABEL], metadata.annotations?.[EPOCH_ANNOTATION]);

/** Epochs that may promote again: recorded in a backup that was restored, or given another holder by somebody else. */
const watchReused = (world: World): ReadonlySet<string> => {
  const reused = new Set<string>();
  world.onRestore.push(() => {
    for (const lease of all(world, LEASES)) reused.add(keyOfRecord(lease));
  });
  world.api.onRevision((revision) => {
    if (isHolderForged(world, revision)) reused.add(keyOfRecord(revision.object));
  });
  return reused;
};

const isLater = (one: Promoted, other: Promoted | undefined): boolean =>
  other === undefined || one.epoch > other.epoch || (one.epoch === other.epoch && one.uid === other.uid);

const raise = (highest: Map<string, Promoted>, group: string, promoted: Promoted): void => {
  if (isLater(promoted, highest.get(group))) highest.set(group, promoted);
};

/** Only these can take away what a hand-over would read: deletions, what people do, and the end of an enrolment. */
const isForgetting = ({ type, object, previous, writer }: Revision): boolean =>
  type === "DELETED" ||
  writer.user === TESTER_USER ||
  previous?.metadata.labels?.[ENROLMENT] !== object.metadata.labels?.[ENROLMENT];

/** An instance knows the server's time up to so many seconds too early. */
const CLOCK_LAG_SECONDS = 3;

/**
 * S4: no promotion goes back, neither within a history nor over a restore. An epoch that was recorded in the backup is finished under
 * its own number: a function without memory cannot know of the later ones that were lost. And where nothing remembers an epoch any more, the
 * server's clock alone keeps the next one above it: not when the epoch ran ahead of the clock, because there were several in one
 * second, and not when `forgives` says that the clock was set back, that an instance's own was wrong, or that somebody wrote epochs
 * ahead of it. Returns the resourceVersions of promotions that went back for one of these reasons.
 */
export const watchEpochs = (world: World, forgives: () => boolean): ReadonlySet<string> => {
  const { api, onRestore, problems } = world;
  const highestEver = new Map<string, Promoted>();
  const highest = new Map<string, Promoted>();
  const excused = new Set<string>();
  /** Groups whose last epoch nothing but the clock remembers, which has passed it. */
  const onClock = new Set<string>();
  const reused = watchReused(world);
  const forget = (): void => {
    const floor = epochFloor(api.now()) - CLOCK_LAG_SECONDS;
    for (const [group, { epoch }] of highest) {
      const isFloored = epoch < floor && !forgives();
      if (remembered(world, group) >= epoch) onClock.delete(group);
      else if (isFloored) onClock.add(group);
      else highest.delete(group);
    }
  };
  onRestore.push(forget);
  api.onRevision((revision) => {
    if (isForgetting(revision)) forget();
    const promotion = promotionIn(revision);
    if (promotion === undefined) return;
    const { group, epoch } = promotion;
    const [last, version] = [highest.get(group), String(revision.resourceVersion)];
    const isUnguarded = onClock.delete(group) && forgives();
    const isAllowed = isLater(promotion, last) || isUnguarded || reused.has(epochKey(group, epoch));
    if (!isAllowed) problems.push(`S4: revision ${version}: promoted under ${epoch} after ${last?.epoch}`);
    else if (!isLater(promotion, highestEver.get(group))) excused.add(version);
    raise(highest, group, promotion);
    raise(highestEver, group, promotion);
  });
  return excused;
};
