/** Conformance of Leases and Events: micro times, bounds, required fields, creation by PUT, preconditions. */
import type { Fields } from "../json.ts";
import type { Paths, Step } from "./step.ts";
import { DELETE, GET, PATCH, POST, PUT, WRONG_UID } from "./step.ts";

const lease = (name: string, spec: Fields, metadata: Fields = {}): Fields => ({
  metadata: { name, ...metadata },
  spec,
});

const leaseFaults = ({ leases }: Paths): readonly Step[] => [
  { name: "Lease, no decimals", request: POST(leases, lease("l", { renewTime: "2026-01-01T00:00:00Z" })) },
  { name: "Lease, three decimals", request: POST(leases, lease("l", { renewTime: "2026-01-01T00:00:00.000Z" })) },
  { name: "Lease, seven decimals", request: POST(leases, lease("l", { renewTime: "2026-01-01T00:00:00.1234567Z" })) },
  { name: "Lease, no time", request: POST(leases, lease("l", { acquireTime: "yesterday" })) },
  { name: "Lease, number as time", request: POST(leases, lease("l", { renewTime: 5 })) },
  {
    name: "Lease, zero duration, negative transitions",
    request: POST(leases, lease("l", { leaseDurationSeconds: 0, leaseTransitions: -1 })),
  },
  { name: "Lease, duration as text", request: POST(leases, lease("l", { leaseDurationSeconds: "a" })) },
  { name: "Lease, duration as fraction", request: POST(leases, lease("l", { leaseDurationSeconds: 1.5 })) },
  { name: "Lease, number as holder", request: POST(leases, lease("l", { holderIdentity: 1 })) },
];

const leaseLife = ({ leases }: Paths): readonly Step[] => [
  {
    name: "Lease created",
    request: POST(
      `${leases}?fieldManager=me`,
      lease("l", {
        holderIdentity: "a",
        leaseDurationSeconds: 10,
        leaseTransitions: 0,
        acquireTime: "2026-01-01T00:00:00.123456Z",
        renewTime: "2026-01-01T00:00:00.000000Z",
        strategy: "OldestEmulationVersion",
        unknown: 1,
      }),
    ),
  },
  {
    name: "Lease renewed, time elsewhere",
    request: PATCH(`${leases}/l`, { spec: { holderIdentity: "", renewTime: "2026-01-01T02:00:00.000000+02:00" } }),
  },
  {
    name: "Lease patched without decimals",
    request: PATCH(`${leases}/l`, { spec: { renewTime: "2026-01-01T00:00:00Z" } }),
  },
  { name: "Lease patched with a zero duration", request: PATCH(`${leases}/l`, { spec: { leaseDurationSeconds: 0 } }) },
  {
    name: "Lease patch, stale, changes nothing",
    request: PATCH(`${leases}/l`, { metadata: { resourceVersion: "1" } }),
  },
  { name: "Lease PUT without resourceVersion", request: PUT(`${leases}/l`, lease("l", { holderIdentity: "b" })) },
  { name: "Lease PUT, stale", request: PUT(`${leases}/l`, lease("l", {}, { resourceVersion: "1" })) },
  {
    name: "Lease PUT, wrong uid",
    request: PUT(`${leases}/l`, lease("l", {}, { uid: WRONG_UID, resourceVersion: "1" })),
  },
  {
    name: "Lease PUT",
    request: (seen) => {
      const { uid, resourceVersion } = seen.meta("Lease renewed, time elsewhere");
      return PUT(`${leases}/l`, lease("l", { holderIdentity: "b" }, { uid, resourceVersion, annotations: { e: "1" } }));
    },
  },
  { name: "Lease created by PUT", request: PUT(`${leases}/put`, lease("put", {})) },
  { name: "Lease created by PUT with a uid", request: PUT(`${leases}/no`, lease("no", {}, { uid: WRONG_UID })) },
  { name: "Lease has no status", request: PATCH(`${leases}/l/status`, { status: {} }) },
  { name: "Lease without spec", request: POST(leases, { metadata: { generateName: "l-" } }) },
  { name: "Lease DELETE, wrong uid", request: DELETE(`${leases}/l`, { preconditions: { uid: WRONG_UID } }) },
  { name: "Lease DELETE, stale", request: DELETE(`${leases}/l`, { preconditions: { resourceVersion: "1" } }) },
  {
    name: "Lease DELETE",
    request: (seen) => {
      const { uid, resourceVersion } = seen.meta("Lease PUT");
      return DELETE(`${leases}/l`, { preconditions: { uid, resourceVersion } });
    },
  },
  { name: "Lease DELETE again", request: DELETE(`${leases}/l`) },
  { name: "Lease gone", request: GET(`${leases}/l`) },
];

const event = (name: string, rest: Fields = {}): Fields => ({
  metadata: { name },
  eventTime: "2026-01-01T00:00:00.000000Z",
  reportingController: "bellwether.dev/function",
  reportingInstance: "one",
  action: "Promote",
  reason: "Promoted",
  type: "Normal",
  regarding: { kind: "Pod", namespace: "elsewhere", name: "a" },
  note: "text",
  ...rest,
});

const events = (paths: Paths): readonly Step[] => [
  { name: "Event created", request: POST(paths.events, event("e")) },
  { name: "Event without action", request: POST(paths.events, event("f", { action: undefined })) },
  { name: "Event without eventTime", request: POST(paths.events, event("f", { eventTime: undefined })) },
  { name: "Event with nothing", request: POST(paths.events, { metadata: { name: "f" } }) },
  {
    name: "Event with eventTime only",
    request: POST(paths.events, {
      metadata: { name: "f" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      regarding: { namespace: "x" },
    }),
  },
  { name: "Event of another type", request: POST(paths.events, event("f", { type: "Odd" })) },
  { name: "Event without decimals", request: POST(paths.events, event("f", { eventTime: "2026-01-01T00:00:00Z" })) },
  {
    name: "Event with a long note",
    request: POST(paths.events, event("f", { note: "n".repeat(1025), action: "a".repeat(129) })),
  },
  {
    name: "Event regarding no namespace",
    request: POST(paths.events, event("f", { regarding: { kind: "Node", name: "n" } })),
  },
];

export const leaseSteps = (paths: Paths): readonly Step[] =>
  [leaseFaults, leaseLife, events].flatMap((part) => part(paths));
