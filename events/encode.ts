/**
 * The events that the function sends, as plain values: who leads since which epoch, who no longer does, which hand-over does not
 * end. Pure, and the same for every reporter: two instances that report one fact build the same `source` and `id`.
 */
import { HANDOVER_STALLED, LEADER_ELECTED, LEADER_LOST, objectPath, type ObjectAddress } from "./names.ts";

export interface PodRef {
  readonly name: string;
  readonly uid: string;
}

/** Content of an event, as its JSON Schema in `events/schemas` states it. */
export interface HandoverData {
  /** Feature whose leadership changed: `election`, `roles`, `standby`. */
  readonly feature: string;
  /** The object that the user made: a StatefulSetLock, a StatefulSet, a Service. Its namespace is the pods' too. */
  readonly owner: ObjectAddress & { readonly uid: string };
  readonly group: string;
  /** The Lease (or EndpointSlice) that records the hand-over. */
  readonly record: { readonly name: string; readonly uid: string };
  /** Fencing token: grows with each hand-over. */
  readonly epoch: number;
  readonly leader?: PodRef | undefined;
  readonly previous?: PodRef | undefined;
  /** Why, in a few words. */
  readonly reason: string;
}

export interface HandoverFacts extends HandoverData {
  /** When it happened, RFC 3339. */
  readonly time: string;
}

/** A CloudEvent 1.0 in the shape of the JSON event format. */
export interface OutgoingEvent {
  readonly specversion: "1.0";
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: "application/json";
  /** CloudEvents partitioning extension: brokers that partition keep the order of one owner's events. */
  readonly partitionkey: string;
  readonly data: HandoverData;
}

const build = (type: string, { time, ...data }: HandoverFacts, pod: PodRef | undefined): OutgoingEvent => {
  const { owner, record, epoch } = data;
  const { namespace } = owner;
  return {
    specversion: "1.0",
    id: `${record.uid}/${epoch}/${type}`,
    source: objectPath(owner),
    type,
    subject: objectPath(pod === undefined ? owner : { apiVersion: "v1", kind: "Pod", namespace, name: pod.name }),
    time,
    datacontenttype: "application/json",
    partitionkey: owner.uid,
    data,
  };
};

/** `dev.bellwether.leader.elected.v1`; its subject is the new leader. */
export const leaderElected = (facts: HandoverFacts & { readonly leader: PodRef }): OutgoingEvent =>
  build(LEADER_ELECTED, facts, facts.leader);

/** `dev.bellwether.leader.lost.v1`: nobody leads now; its subject is the pod that did. */
export const leaderLost = (
  facts: HandoverFacts & { readonly leader?: undefined; readonly previous: PodRef },
): OutgoingEvent => build(LEADER_LOST, facts, facts.previous);

/** `dev.bellwether.handover.stalled.v1`; its subject is the pod that should lead, or the owner when nobody should. */
export const handoverStalled = (facts: HandoverFacts): OutgoingEvent => build(HANDOVER_STALLED, facts, facts.leader);
