/**
 * An API server with one group's pods and its Lease, as a value that never changes: what the exploration branches on. Every object here is
 * `CURRENT`, and whoever changes one says which copies grew old.
 */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { LEASES, PODS, SERVICES, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import type * as api from "../api.ts";
import { respondOn } from "../api.ts";

/** Faults that may still happen, by kind. */
export interface Faults {
  /** A pod becomes Ready or stops to be. */
  readonly ready: number;
  /** A pod appears under a name that is free. */
  readonly create: number;
  readonly delete: number;
  /** A pod goes and another comes under its name before anybody looks. */
  readonly replace: number;
  /** A pod leaves the selector or returns to it. */
  readonly move: number;
  /** The Lease is deleted. */
  readonly lease: number;
  /** A switchover is asked for. */
  readonly wish: number;
  /** The lock names another Lease: then the group has two records for a while. */
  readonly rename: number;
  /** An older lock, with a Lease of its own, begins to name the StatefulSet. */
  readonly rival: number;
  /** The application says that another pod leads, or none, or nothing at all. */
  readonly word: number;
  /** An answer that is not the application's word. */
  readonly lie: number;
  /** The Service's annotation is taken away or put back. */
  readonly mode: number;
  /** The Service's selector is applied anew, without our key. */
  readonly unkey: number;
  /** The Service's selector is edited to another one that finds the same pods. */
  readonly edit: number;
}

/** What the application says: uid of its leader. */
export type Word = string;
export const NOBODY_LEADS: Word = "nobody";
export const SILENCE: Word = "silence";

/** Active/standby: what the EndpointSlice controller has been told, as far as it matters. */
export interface Sight {
  /** The selector asks for the active pod. */
  readonly narrowed: boolean;
  /** uids of the pods that carry the label. */
  readonly active: readonly string[];
}

export interface Promotion {
  readonly epoch: number;
  readonly uid: string;
  readonly record: string;
}

/** The server's clock, in seconds from where new epochs begin at 1. */
export interface ServerClock {
  readonly second: number;
  /** Every fault takes a second; otherwise the clock stands still, which is the worst for the stamps. */
  readonly moves: boolean;
}

/** What the invariants have to know of the past (see `invariants.ts`). */
export interface Past {
  /** The latest promotion: the largest epoch, whose, and under which Lease. */
  readonly promoted: Promotion | undefined;
  /** `<uid>/<epoch>` of the records that were written, sorted. */
  readonly assigned: readonly string[];
  /** Roles: what the application has said since the record was written last, sorted. */
  readonly words: readonly Word[];
}

/** `words` with one more that was said. */
export const saidSince = ({ words }: Past, word: Word): Past["words"] => [...new Set([...words, word])].toSorted();

/** What the function reads of whatever owns the group. */
export interface Lock {
  /** Which of the Leases is its record. */
  readonly lease: number;
  readonly generation: number;
  /** Name of the pod that a switchover is asked for. */
  readonly wish: string | undefined;
  /** Active/standby: the Service. */
  readonly service?: KubeObject;
}

export interface Server {
  /** By ordinal; undefined: the name is free. */
  readonly pods: readonly (KubeObject | undefined)[];
  /** Pods that have borne each name. */
  readonly births: readonly number[];
  /** Names of the Leases: two where the owner may be edited, otherwise one. */
  readonly leaseNames: readonly string[];
  readonly leases: readonly (KubeObject | undefined)[];
  readonly leaseBirths: number;
  readonly lock: Lock;
  /** Roles. */
  readonly word?: Word;
  /** Active/standby. */
  readonly standby?: { readonly service: KubeObject; readonly sight: Sight };
  readonly clock: ServerClock;
  readonly left: Faults;
  readonly past: Past;
}

const slotOf = ({ pods }: Server, name: string): number => pods.findIndex((pod) => pod?.metadata.name === name);

/** Then an instance may know the lock as it was, so that reading it is an event of its own. */
export const mayBeEdited = ({ leases }: Server): boolean => leases.length > 1;

export const podOf = ({ pods }: Pick<Server, "pods">, uid: string): KubeObject | undefined =>
  pods.find((pod) => pod?.metadata.uid === uid);

export type Answer = api.Answer<Server>;

/** Leases are A, B, C and so on. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const present = (objects: readonly (KubeObject | undefined)[]): readonly KubeObject[] =>
  objects.filter((object) => object !== undefined);

export const respond: (server: Server, request: KubeRequest) => Answer = respondOn<Server>({
  all: ({ leases, pods, standby }, resource) => {
    if (resource === LEASES) return present(leases);
    return resource === SERVICES ? present([standby?.service]) : present(pods);
  },
  put: (server, { resource, name }, object) => {
    const { standby } = server;
    if (resource === LEASES) {
      return { ...server, leases: server.leases.with(server.leaseNames.indexOf(name), object) };
    }
    if (resource === PODS) return { ...server, pods: server.pods.with(slotOf(server, name), object) };
    return standby === undefined || object === undefined
      ? server
      : { ...server, standby: { ...standby, service: object } };
  },
  bear: (server) => ({
    server: { ...server, leaseBirths: server.leaseBirths + 1 },
    uid: LETTERS.charAt(server.leaseBirths),
  }),
});
