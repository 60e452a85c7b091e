/** Watches epochs over restores of etcd and clocks that are set back, of which the history checker knows nothing. */
import { epochFloor } from "../../functions/kit/handover/epoch.ts";
import {
  enrolmentLabel,
  EPOCH_ANNOTATION,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  stampEpochAnnotation,
  tokenAnnotation,
} from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { LEASES, PODS } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../infra/lab/memory/object.ts";
import { isLabelled } from "./doubles.ts";
import { all, TESTER_USER } from "./hands.ts";
import type { Way } from "./way.ts";
import { FUNCTION_USER, type World } from "./world.ts";

export const epochIn = (text: string | undefined): number => (/^\d+$/.test(text ?? "") ? Number(text) : 0);

/** The largest epoch that stamps of these pods and these records tell; 0: none. */
export const epochOn = (
  { names }: Pick<Way, "names">,
  { pods, leases }: { readonly pods: readonly KubeObject[]; readonly leases: readonly KubeObject[] },
): number => {
  const stamp = stampEpochAnnotation(names.feature);
  return Math.max(
    0,
    ...pods.map(({ metadata }) => epochIn(metadata.annotations?.[stamp])),
    ...leases.map(({ metadata }) => epochIn(metadata.annotations?.[EPOCH_ANNOTATION])),
  );
};

interface Promoted {
  readonly epoch: number;
  readonly uid: string;
}

/** Under which epoch a pod leads by our word; undefined: it does not. */
const tokenOf = (way: Way, pod: KubeObject | undefined): string | undefined =>
  pod !== undefined && isLabelled(way, pod)
    ? pod.metadata.annotations?.[tokenAnnotation(way.names.feature)]
    : undefined;

/** A role or token that we just gave; undefined: this revision is no promotion. */
const promotionIn = (way: Way, revision: Revision): (Promoted & { readonly group: string }) | undefined => {
  const { type, object, previous, resource, writer } = revision;
  if (type === "DELETED" || resource.plural !== PODS.plural || writer.user !== FUNCTION_USER) return undefined;
  const token = tokenOf(way, object);
  if (token === undefined || token === tokenOf(way, previous)) return undefined;
  const group = object.metadata.labels?.[enrolmentLabel(way.names.feature)] ?? "";
  return { epoch: epochIn(token), uid: object.metadata.uid, group };
};

/** Name and uid. */
const holderOf = ({ metadata, spec }: KubeObject): readonly [string | undefined, string | undefined] => [
  (spec as { holderIdentity?: string }).holderIdentity,
  metadata.annotations?.[HOLDER_UID_ANNOTATION],
];

/** Somebody else made another pod the holder, by its name and by its uid, under the epoch that was there. */
const isHolderForged = (world: World, { type, resource, object, previous, writer }: Revision): boolean => {
  const isForeign = type === "MODIFIED" && resource.plural === LEASES.plural && writer.user !== FUNCTION_USER;
  if (!isForeign || previous === undefined) return false;
  const [name, uid] = holderOf(object);
  if (holderOf(previous).join("/") === `${name}/${uid}`) return false;
  return all(world, PODS).some(({ metadata }) => metadata.name === name && metadata.uid === uid);
};

const epochKey = (group: string | undefined, epoch: string | number | undefined): string => `${group}/${epoch}`;

const keyOfRecord = ({ metadata }: KubeObject): string =>
  epochKey(metadata.labels?.[GROUP_LABEL], metadata.annotations?.[EPOCH_ANNOTATION]);

/** Epochs that may promote again: recorded in a backup that was restored, or given another holder by somebody else. */
const watchReused = (world: World, { names }: Way): ReadonlySet<string> => {
  const reused = new Set<string>();
  const isRecord = ({ metadata }: KubeObject): boolean => metadata.labels?.[FEATURE_LABEL] === names.feature;
  world.onRestore.push(() => {
    for (const lease of all(world, LEASES).filter(isRecord)) reused.add(keyOfRecord(lease));
  });
  world.api.onRevision((revision) => {
    if (isHolderForged(world, revision) && isRecord(revision.object)) reused.add(keyOfRecord(revision.object));
  });
  return reused;
};

const isLater = (one: Promoted, other: Promoted | undefined): boolean =>
  other === undefined || one.epoch > other.epoch || (one.epoch === other.epoch && one.uid === other.uid);

const raise = (highest: Map<string, Promoted>, group: string, promoted: Promoted): void => {
  if (isLater(promoted, highest.get(group))) highest.set(group, promoted);
};

/** Only these can take away what a hand-over would read: deletions, what people do, and the end of an enrolment. */
const isForgetting = ({ names }: Way, { type, object, previous, writer }: Revision): boolean => {
  const enrolment = enrolmentLabel(names.feature);
  return (
    type === "DELETED" ||
    writer.user === TESTER_USER ||
    previous?.metadata.labels?.[enrolment] !== object.metadata.labels?.[enrolment]
  );
};

/** An instance knows the server's time up to so many seconds too early. */
const CLOCK_LAG_SECONDS = 3;

/**
 * S4: no promotion goes back, neither within a history nor over a restore. An epoch that was recorded in the backup is finished under
 * its own number: a function without memory cannot know of the later ones that were lost. And where nothing remembers an epoch any more, the
 * server's clock alone keeps the next one above it: not when the epoch ran ahead of the clock, because there were several in one
 * second, and not when `forgives` says that the clock was set back, that an instance's own was wrong, or that somebody wrote epochs
 * ahead of it. Returns the resourceVersions of promotions that went back for one of these reasons.
 */
export const watchEpochs = (world: World, way: Way, forgives: () => boolean): ReadonlySet<string> => {
  const { api, onRestore, problems } = world;
  const highestEver = new Map<string, Promoted>();
  const highest = new Map<string, Promoted>();
  const excused = new Set<string>();
  /** Groups whose last epoch nothing but the clock remembers, which has passed it. */
  const onClock = new Set<string>();
  const reused = watchReused(world, way);
  const forget = (): void => {
    const floor = epochFloor(api.now()) - CLOCK_LAG_SECONDS;
    for (const [group, { epoch }] of highest) {
      const isFloored = epoch < floor && !forgives();
      if (way.remembered(world, group) >= epoch) onClock.delete(group);
      else if (isFloored) onClock.add(group);
      else highest.delete(group);
    }
  };
  onRestore.push(forget);
  api.onRevision((revision) => {
    if (isForgetting(way, revision)) forget();
    const promotion = promotionIn(way, revision);
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
