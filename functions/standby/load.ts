/**
 * Reads a group: the Services of its namespace and the record, and only after the record the pods (design section 3: members read before
 * the record are the way to two writers). A group is named by its selector, so whoever remembers that reads all of it at once.
 */
import { readRecord, type RecordReading } from "../kit/handover/record.ts";
import type { ObjectKey } from "../kit/keys.ts";
import type { KubeObject } from "../kit/kube/object.ts";
import { listAll } from "../kit/kube/page.ts";
import type { Loaded } from "../kit/kube/read.ts";
import { LEASES, SERVICES, type Transport } from "../kit/kube/request.ts";
import { createReader, readAhead, type GroupReader } from "../kit/pods/ahead.ts";
import type { Candidate } from "../kit/pods/candidate.ts";
import { viewPods, type GroupPods, type PodQuery } from "../kit/pods/load.ts";
import { standingGroups, type Standing } from "./decide.ts";
import { ROLES } from "./labels.ts";
import {
  groupOf,
  groupOfService,
  isEdited,
  isExtended,
  isFormer,
  leaseNameOf,
  viewService,
  viewStandbyPod,
  type Selector,
  type ServiceView,
} from "./model.ts";

export interface Situation {
  readonly namespace: string;
  readonly group: string;
  /** All of the namespace. */
  readonly services: readonly ServiceView[];
  /** Undefined: no Service stands for the group. */
  readonly standing: Standing | undefined;
  /** All groups of the namespace. */
  readonly groups: readonly Standing[];
  /**
   * Services that were in the group and are not to be any more, with what that left on them; and those that left it for another, or came to
   * it from another, with a selector that asks for an active pod which their new group may not have.
   */
  readonly former: readonly ServiceView[];
  readonly lease: KubeObject | undefined;
  readonly reading: RecordReading;
  /**
   * The pods of the group that stands, read after the record: now, or with the other reads where the hint allowed it. Without a record of
   * ours they are read now, because what precedes its creation may have changed them.
   */
  readonly pods: (standing: Standing) => Promise<Loaded<GroupPods<Candidate>>>;
}

interface Context {
  /** The group's selector, if it is remembered. */
  readonly selector: Selector | undefined;
  /** Milliseconds on the API server's clock. */
  readonly now: () => number;
}

const queryOf = ({ namespace, name: group }: ObjectKey, selector: Selector): PodQuery => ({
  namespace,
  feature: ROLES.feature,
  group,
  selector: { matchLabels: selector },
});

const podsOf =
  (reader: GroupReader, key: ObjectKey, now: () => number): Situation["pods"] =>
  async (standing) => {
    const lists = await reader.pods(queryOf(key, standing.selector));
    return viewPods(lists, standing.group, (pod) => viewStandbyPod(pod, standing, now()));
  };

/** An edited one is not, where another Service of its new group leads to the active pod already: so does it. */
const isToRestore = (service: ServiceView, group: string, groups: readonly Standing[]): boolean => {
  const own = groupOfService(service);
  if (!isEdited(service)) return isFormer(service) && own === group;
  const isConcerned = own === group || groupOf(service.kept ?? {}) === group;
  return isConcerned && !groups.some((standing) => standing.group === own && standing.owners.some(isExtended));
};

/** `key`: namespace and group. */
export const loadSituation = async (
  send: Transport,
  key: ObjectKey,
  { selector, now }: Context,
): Promise<Loaded<Situation>> => {
  const { namespace, name: group } = key;
  const leaseName = leaseNameOf(group);
  const direct = createReader(send, namespace);
  const pods = selector === undefined ? undefined : queryOf(key, selector);
  const ahead = readAhead(direct, { objects: [], lease: leaseName, pods });
  const [listing, lease] = await Promise.all([listAll(send, SERVICES, { namespace }), ahead.named(LEASES, leaseName)]);
  if (!listing.ok) return { ok: false, response: listing.response, doing: "list Services" };
  if (!lease.ok) return { ok: false, response: lease.response, doing: `get Lease ${leaseName}` };
  const services = listing.items.map(viewService);
  const groups = standingGroups(services);
  const reading = readRecord(lease.object, { feature: ROLES.feature, now: now(), isMemberName: () => false });
  return {
    ok: true,
    value: {
      namespace,
      group,
      services,
      standing: groups.find((one) => one.group === group),
      groups,
      former: services.filter((service) => isToRestore(service, group, groups)),
      lease: lease.object,
      reading,
      pods: podsOf(reading.kind === "ours" ? ahead : direct, key, now),
    },
  };
};
