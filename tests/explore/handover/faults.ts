/** What the world around the function may do to the group, each as often as the scope allows. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { aPod, LEASE_NAME } from "../../unit/support/builders.ts";
import type { Turn } from "../system.ts";
import { isReady } from "./script.ts";
import { NOBODY_LEADS, saidSince, SILENCE, type Faults, type Lock, type Server, type Word } from "./server.ts";

type Fault = Turn<Server>;

export const NO_FAULTS: Faults = {
  ready: 0,
  create: 0,
  delete: 0,
  replace: 0,
  move: 0,
  lease: 0,
  wish: 0,
  rename: 0,
  rival: 0,
  word: 0,
  lie: 0,
  mode: 0,
  unkey: 0,
  edit: 0,
};

const nameOf = (slot: number): string => `db-${slot}`;

/** Names that a lock may give its Lease. */
export const LEASE_NAMES: readonly string[] = [LEASE_NAME, "other-lease"];

/** A Ready member that has just been made; `birth` counts those of its name from 1. */
const newPod = (slot: number, birth: number): KubeObject =>
  aPod({ name: nameOf(slot), uid: birth === 1 ? nameOf(slot) : `${nameOf(slot)}'${birth}`, version: 1, group: null });

export interface Group {
  /** Names. */
  readonly pods: number;
  readonly faults: Faults;
  readonly clockMoves: boolean;
}

/** A young group; `isThere` says by ordinal which of its pods exist. `leaseNames`: those that its owner may give its record. */
export const createServer = (
  { pods, faults, clockMoves }: Group,
  isThere: (slot: number) => boolean = () => true,
  leaseNames: readonly string[] = LEASE_NAMES.slice(0, faults.rename + faults.rival > 0 ? 2 : 1),
): Server => ({
  pods: Array.from({ length: pods }, (_, slot) => (isThere(slot) ? newPod(slot, 1) : undefined)),
  births: Array.from({ length: pods }, (_, slot) => (isThere(slot) ? 1 : 0)),
  leaseNames,
  leases: leaseNames.map(() => undefined),
  leaseBirths: 0,
  lock: { lease: 0, generation: 0, wish: undefined },
  clock: { second: 0, moves: clockMoves },
  left: faults,
  past: { promoted: undefined, assigned: [], words: [] },
});

export const afterFault = ({ left, clock }: Server, kind: keyof Faults): Pick<Server, "left" | "clock"> => ({
  left: { ...left, [kind]: left[kind] - 1 },
  clock: clock.moves ? { ...clock, second: clock.second + 1 } : clock,
});

const withReadiness = (pod: KubeObject, ready: boolean): KubeObject => ({
  ...pod,
  status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

const withMembership = (pod: KubeObject, member: boolean): KubeObject => {
  const { app: _app, ...labels } = pod.metadata.labels ?? {};
  return { ...pod, metadata: { ...pod.metadata, labels: member ? { app: "db", ...labels } : labels } };
};

/** `pod` undefined: the name becomes free. */
const withPod = (
  server: Server,
  slot: number,
  { kind, pod, isNew }: { kind: keyof Faults; pod: KubeObject | undefined; isNew?: boolean },
): Server => ({
  ...server,
  pods: server.pods.with(slot, pod),
  births: isNew === true ? server.births.with(slot, (server.births[slot] ?? 0) + 1) : server.births,
  ...afterFault(server, kind),
});

const onPod = (server: Server, slot: number, pod: KubeObject): readonly Fault[] => {
  const { uid } = pod.metadata;
  const ready = isReady(pod);
  const member = pod.metadata.labels?.["app"] !== undefined;
  const next = newPod(slot, (server.births[slot] ?? 0) + 1);
  const deeds: readonly { kind: keyof Faults; pod: KubeObject | undefined; isNew?: boolean; says: string }[] = [
    { kind: "ready", pod: withReadiness(pod, !ready), says: ready ? "stops being Ready" : "becomes Ready" },
    {
      kind: "move",
      pod: withMembership(pod, !member),
      says: member ? "leaves the selector" : "returns to the selector",
    },
    { kind: "delete", pod: undefined, says: "is deleted" },
    { kind: "replace", pod: next, isNew: true, says: `is replaced by ${next.metadata.uid}` },
  ];
  return deeds
    .filter(({ kind }) => server.left[kind] > 0)
    .map(({ says, ...deed }) => ({
      server: withPod(server, slot, deed),
      touched: uid,
      text: () => `${uid} ${says}`,
    }));
};

const onFreeName = (server: Server, slot: number): readonly Fault[] => {
  if (server.left.create === 0) return [];
  const pod = newPod(slot, (server.births[slot] ?? 0) + 1);
  const next = withPod(server, slot, { kind: "create", pod, isNew: true });
  return [{ server: next, touched: undefined, text: () => `${pod.metadata.uid} is created` }];
};

const onLease = (server: Server, slot: number, lease: KubeObject): readonly Fault[] => {
  if (server.left.lease === 0) return [];
  const next = { ...server, leases: server.leases.with(slot, undefined), ...afterFault(server, "lease") };
  return [{ server: next, touched: lease.metadata.uid, text: () => `Lease ${lease.metadata.uid} is deleted` }];
};

/** What happens to the lock: `kind` is spent on it. */
const onLock = (server: Server, kind: "wish" | "rename" | "rival", change: Partial<Lock>, says: string): Fault => ({
  server: { ...server, lock: { ...server.lock, ...change }, ...afterFault(server, kind) },
  touched: undefined,
  text: () => says,
});

const wishes = (server: Server): readonly Fault[] =>
  server.pods
    .flatMap((pod) => pod?.metadata.name ?? [])
    .filter((name) => name !== server.lock.wish)
    .map((wish) => onLock(server, "wish", { wish }, `a switchover to ${wish} is asked for`));

const otherLeases = (server: Server): readonly Fault[] => {
  const { lock, left } = server;
  const lease = 1 - lock.lease;
  const edited = { lease, generation: lock.generation + 1 };
  return [
    ...(left.rename > 0 ? [onLock(server, "rename", edited, `the lock is edited to name ${LEASE_NAMES[lease]}`)] : []),
    ...(left.rival > 0
      ? [onLock(server, "rival", { lease }, `an older lock takes over, with ${LEASE_NAMES[lease]}`)]
      : []),
  ];
};

const words = (server: Server): readonly Fault[] => {
  const { word, pods, past, left } = server;
  if (word === undefined || left.word === 0) return [];
  const said: readonly Word[] = [...pods.flatMap((pod) => pod?.metadata.uid ?? []), NOBODY_LEADS, SILENCE];
  return said
    .filter((other) => other !== word)
    .map((next) => ({
      server: {
        ...server,
        word: next,
        past: { ...past, words: saidSince(past, next) },
        ...afterFault(server, "word"),
      },
      touched: undefined,
      text: () => `the application says: ${next}`,
    }));
};

/** Every fault that may come next. */
export const faultsOf = (server: Server): readonly Fault[] => [
  ...server.pods.flatMap((pod, slot) => (pod === undefined ? onFreeName(server, slot) : onPod(server, slot, pod))),
  ...server.leases.flatMap((lease, slot) => (lease === undefined ? [] : onLease(server, slot, lease))),
  ...(server.left.wish > 0 ? wishes(server) : []),
  ...otherLeases(server),
  ...words(server),
];
