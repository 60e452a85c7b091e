/**
 * What can arrive: a change of an object (ApiServerSource), a tick (PingSource), or an application's claim to a role, as a typed union.
 * https://knative.dev/docs/eventing/sources/apiserversource/ and https://knative.dev/docs/eventing/sources/ping-source/
 */

import type { Change } from "./names.ts";

/** The object as the watch delivered it, in Resource mode. A hint (design rule 1): nothing is decided from it. */
export interface WatchedObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

interface Envelope {
  /** CloudEvents `id`: the same on the retries of one event. */
  readonly id: string;
  /** CloudEvents `source`. */
  readonly source: string;
}

/** `dev.knative.apiserver.resource.*` and `dev.knative.apiserver.ref.*`. */
export interface ObjectEvent extends Envelope {
  readonly type: "object";
  readonly change: Change;
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Present in Resource mode, absent in Reference mode. */
  readonly object: WatchedObject | undefined;
}

/** `dev.knative.sources.ping`. */
export interface TickEvent extends Envelope {
  readonly type: "tick";
}

/** `dev.bellwether.role.claimed.v1`: a pod says that it leads now. A hint like any other: the pod is asked before it is believed. */
export interface ClaimEvent extends Envelope {
  readonly type: "claim";
  readonly namespace: string;
  /** Name of the pod. */
  readonly pod: string;
}

export type IncomingEvent = ObjectEvent | TickEvent | ClaimEvent;
