/**
 * Ends a group that is not to be served: the selectors of its Services are restored first, so that they lead to all their pods when labels
 * and record go. Whatever a crash leaves is found by the next pass.
 */
import type { Io } from "../kit/context.ts";
import { announce } from "../kit/group/announce.ts";
import { endRemains } from "../kit/group/orphans.ts";
import { loadRecords } from "../kit/group/records.ts";
import type { RecordView } from "../kit/handover/model.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import { FIELD_MANAGER, SERVICES } from "../kit/kube/request.ts";
import { keyText } from "../kit/keys.ts";
import { managersOf } from "../kit/managers.ts";
import { failed, restart, type PassOutcome } from "../kit/outcome.ts";
import { listPods } from "../kit/pods/load.ts";
import { selects } from "../kit/selector.ts";
import { DELIVERY_MS, restore } from "./cut-over.ts";
import { standingGroups } from "./decide.ts";
import { ROLES } from "./labels.ts";
import type { Situation } from "./load.ts";
import {
  groupOf,
  isNarrowed,
  isOwner,
  leaseNameOf,
  subjectOf,
  viewService,
  type Selector,
  type ServiceView,
} from "./model.ts";

const announceEnd = ({ context }: Io, { group, namespace, reading }: Situation, record: RecordView): void => {
  const owner = reading.kind === "ours" ? reading.owner : undefined;
  if (owner === undefined || record.holder === undefined) return;
  const leadership = { subject: subjectOf({ ...owner, namespace }), feature: ROLES.feature, group, record };
  announce(context, leadership, { kind: "lost", previous: record.holder, reason: "GroupEnded" });
};

const finds = (selector: Selector, pods: readonly KubeObject[]): boolean =>
  pods.some(({ metadata }) => selects({ matchLabels: selector }, metadata.labels));

/** Groups that may take the pods now. */
const heirsOf = ({ namespace, group, groups }: Situation, pods: readonly KubeObject[]): readonly string[] =>
  groups
    .filter((heir) => heir.group !== group && finds(heir.selector, pods))
    .map((heir) => keyText({ namespace, name: heir.group }));

/** Its annotations went together with ours, but the selector is still as we wrote it: it would lead to nobody once the label goes. */
const isStranded = (service: ServiceView, group: string): boolean =>
  isNarrowed(service) &&
  !isOwner(service) &&
  groupOf(service.original) === group &&
  service.metadata.deletionTimestamp === undefined &&
  managersOf(service.raw, ["spec", "selector"]).includes(FIELD_MANAGER);

/** A pause, in which watches hear of a selector that was restored; then whether anybody stands for the group is looked at again. */
const waitForNews = async (
  { context, send }: Io,
  { namespace, group, standing }: Situation,
): Promise<PassOutcome | undefined> => {
  await context.clock.sleep(DELIVERY_MS);
  const listing = await listAll(send, SERVICES, { namespace });
  if (!listing.ok) return failed("list Services", listing.response);
  const stands = standingGroups(listing.items.map(viewService)).some((one) => one.group === group);
  return stands === (standing !== undefined) ? undefined : restart("who stands for the group changed before its end");
};

/** Ends what is left of the group; `idle`: the outcome where nothing is. When it was something, the group is looked at once more: a Service may have come back meanwhile. */
export const endGroup = async (io: Io, situation: Situation, idle: PassOutcome): Promise<PassOutcome> => {
  const { namespace, group, services } = situation;
  const feature = ROLES.feature;
  const records = await loadRecords(io, { feature, namespace, group });
  if (!records.ok) return failed(records.doing, records.response);
  const { enrolled } = await listPods(io.send, { feature, namespace, group, selector: undefined });
  if (!enrolled.ok) return failed("list enrolled pods", enrolled.response);
  if (io.context.mode === "observe" || records.value.length + enrolled.items.length === 0) return idle;
  const stranded = services.filter((service) => isStranded(service, group));
  const unrestored = await restore(io, stranded);
  if (unrestored !== undefined) return unrestored;
  // A selector may have been restored a moment ago, by us or by its owner, also to another one; and no end is urgent.
  const isFound = services.some(({ original }) => finds(original, enrolled.items));
  const changed = isFound ? await waitForNews(io, situation) : undefined;
  if (changed !== undefined) return changed;
  const heirs = heirsOf(situation, enrolled.items);
  const outcome = await endRemains(io, ROLES, { namespace, group, recordName: leaseNameOf(group) });
  if (outcome.kind !== "done") return outcome;
  for (const record of records.value) announceEnd(io, situation, record);
  return { kind: "done", reason: outcome.reason, next: [keyText({ namespace, name: group }), ...heirs] };
};
