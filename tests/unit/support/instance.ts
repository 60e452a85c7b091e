/** An instance of the function that stops, and dies, where a test says; and the requests at which tests say so. */
import { enrolmentLabel, type RoleNames } from "../../../functions/kit/handover/names.ts";
import { LEASES, PODS, type KubeRequest, type Transport } from "../../../functions/kit/kube/request.ts";
import type { VirtualClock } from "./virtual-clock.ts";
import type { World } from "./world.ts";

export interface Instance {
  readonly send: Transport;
  /** Resolves when the first request that was waited for is about to be sent. */
  readonly stopped: Promise<void>;
  goOn(): void;
  readonly died: Promise<void>;
}

export type Which = (request: KubeRequest) => boolean;

/** Waits before the requests that `at` accepts until it may go on, and dies before the first that `end` accepts. */
export const startInstance = (world: Pick<World, "send">, at: Which, end: Which = () => false): Instance => {
  const stopped = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const died = Promise.withResolvers<void>();
  return {
    stopped: stopped.promise,
    goOn: gate.resolve,
    died: died.promise,
    send: async (request) => {
      if (at(request)) {
        stopped.resolve();
        await gate.promise;
      }
      if (!end(request)) return world.send(request);
      died.resolve();
      return new Promise(() => undefined);
    },
  };
};

export interface Runs {
  /** Has come to the first request that `at` accepts; will die before the first that `end` accepts. */
  readonly stopAt: (at: Which, end?: Which) => Promise<Instance>;
  /** Has come to the first request that `at` accepts, or is done without any. */
  readonly runUntil: (at: Which) => Promise<Instance>;
  /** Has died before the first request that `end` accepts. */
  readonly dieAt: (end: Which) => Promise<void>;
}

/** Instances that do what `run` does, each begun while the others are where they are. */
export const runsOf = (
  world: { readonly send: Transport; readonly clock: VirtualClock },
  run: (send: Transport) => Promise<unknown>,
): Runs => ({
  stopAt: async (at, end) => {
    const instance = startInstance(world, at, end);
    void run(instance.send);
    await world.clock.settle(instance.stopped);
    return instance;
  },
  runUntil: async (at) => {
    const instance = startInstance(world, at);
    await world.clock.settle(Promise.race([instance.stopped, run(instance.send)]));
    return instance;
  },
  dieAt: async (end) => {
    const instance = startInstance(world, () => false, end);
    void run(instance.send);
    await world.clock.settle(instance.died);
  },
});

type Labels = Readonly<Record<string, string | null>>;

const labelsIn = ({ body }: KubeRequest): Labels =>
  (body as { readonly metadata?: { readonly labels?: Labels } }).metadata?.labels ?? {};

export const listsPods: Which = ({ verb, resource }) => verb === "list" && resource === PODS;
export const createsRecord: Which = ({ verb, resource }) => verb === "create" && resource === LEASES;
export const writesRecord: Which = ({ verb, resource }) => verb === "patch" && resource === LEASES;
export const deletesRecord: Which = ({ verb, resource }) => verb === "delete" && resource === LEASES;
export const writesPod: Which = ({ verb, resource }) => verb === "patch" && resource === PODS;
export const writesStatus: Which = ({ subresource }) => subresource === "status";

/** Of the pod with that name; default: of any. */
export const promotes =
  ({ roleLabel, leader }: RoleNames, pod?: string): Which =>
  (request) =>
    writesPod(request) && labelsIn(request)[roleLabel] === leader && request.name === (pod ?? request.name);

/** Takes the enrolment off a pod. */
export const strips =
  ({ feature }: RoleNames): Which =>
  (request) =>
    writesPod(request) && labelsIn(request)[enrolmentLabel(feature)] === null;

/** Whatever comes once the enrolment was taken off all pods. */
export const followsStrips = (roles: RoleNames): Which => {
  const isStrip = strips(roles);
  let begun = false;
  return (request) => {
    begun ||= isStrip(request);
    return begun && !isStrip(request);
  };
};
