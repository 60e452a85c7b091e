/**
 * Goal: three instances that hand the same group to different pods, end it, and die between any two writes, beside a stranger
 * who relabels and recreates pods and deletes or takes the Lease: no write of ours makes a second leader, whatever the order.
 * Each seed is one interleaving, and reproduces it.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROLES } from "../../functions/election/labels.ts";
import type { Clock } from "../../functions/kit/clock.ts";
import { endGroup } from "../../functions/kit/handover/end.ts";
import { handOver, writePhase, type HandoverPorts } from "../../functions/kit/handover/executor.ts";
import { viewPod, viewRecord, type PodView } from "../../functions/kit/handover/model.ts";
import { planEnrolment, type Observed } from "../../functions/kit/handover/plan.ts";
import { judge, renderVerdict } from "../../functions/kit/history/judge.ts";
import type { Verdict } from "../../functions/kit/history/verdict.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  PODS,
  type KubeRequest,
  type Transport,
} from "../../functions/kit/kube/request.ts";
import { readManifests } from "../../infra/lab/manifests.ts";
import { createMemoryApi, type MemoryApi } from "../../infra/lab/memory/api.ts";
import { observeMemory } from "../../infra/lab/observer.ts";
import { ELECTION } from "../../infra/observe/scope.ts";
import { besides, dyingAfter, pause, randomOf, unconditional, type Random } from "../unit/support/interleaving.ts";

const GROUP = "5e7";
const NAMESPACE = "default";
const PODS_PATH = `/api/v1/namespaces/${NAMESPACE}/pods`;
const LEASE_PATH = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/lease`;
const ATTEMPTS = 12;
const SEEDS = 150;
const deadlineMs = 60_000;
const crds = readManifests(join(import.meta.dirname, "../../infra/crds"));

interface World {
  readonly api: MemoryApi;
  readonly random: Random;
  readonly send: Transport;
  readonly clock: Clock;
}

const openWorld = (seed: number, alter: (request: KubeRequest) => KubeRequest): World => {
  let now = Date.UTC(2026, 0, 1);
  const random = randomOf(seed);
  const api = createMemoryApi({ now: () => now, crds });
  const send: Transport = async (request) => {
    await pause(random, 8);
    now += 3;
    const response = api.handle(alter(request));
    await pause(random, 8);
    return response;
  };
  return { api, random, send, clock: { serverNow: () => now, monotonic: () => now, sleep: () => Promise.resolve() } };
};

const createPod = ({ api, random }: World, name: string): void => {
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: GROUP, controller: true };
  // Now and then the template carries the leader's label.
  const labels = random(4) === 0 ? { [ROLES.roleLabel]: ROLES.leader } : {};
  const body = {
    metadata: { name, labels, ownerReferences: [owner] },
    spec: { containers: [{ name: "m", image: "i" }] },
  };
  api.handle(
    { method: "POST", path: PODS_PATH, contentType: "application/json", body },
    { manager: "kube-controller-manager" },
  );
};

const portsOf = ({ clock }: World, send: Transport): HandoverPorts<PodView> => ({
  send,
  clock,
  view: (pod: KubeObject) => viewPod(pod, ROLES, { member: true, now: clock.serverNow() }),
  record: {
    name: "lease",
    namespace: NAMESPACE,
    feature: ROLES.feature,
    group: GROUP,
    owner: { namespace: NAMESPACE, name: "lock", uid: "l" },
    leaseDurationSeconds: 30,
  },
  confirmOwner: () => Promise.resolve(true),
  observer: { phase: () => undefined, wrote: () => undefined, conflict: () => undefined },
});

const attempt = async (world: World): Promise<void> => {
  const { random, clock, send } = world;
  const lease = await send(getRequest(LEASES, NAMESPACE, "lease"));
  const record = lease.status === 200 ? viewRecord(objectOf(lease), clock.serverNow()) : undefined;
  const list = await send(listRequest(PODS, { namespace: NAMESPACE }));
  const ports = portsOf(world, random(3) === 0 ? dyingAfter(send, random(6)) : send);
  const now = clock.serverNow();
  const read: Observed = {
    names: ROLES,
    group: GROUP,
    record,
    pods: listOf(list).items.map(ports.view),
    epochSeen: 0,
    now,
  };
  const { observed, stop } = await writePhase(ports, read, { phase: "enrol", changes: planEnrolment(read) });
  const { pods } = observed;
  const target = random(2) === 0 ? pods.find(({ uid }) => uid === record?.holder?.uid) : undefined;
  const chosen = target ?? pods[random(Math.max(1, pods.length))];
  if (stop !== undefined || chosen === undefined) return;
  if (random(12) === 0) await endGroup(ports, { names: ROLES, group: GROUP, record, pods }, { now, epochSeen: 0 });
  else await handOver(ports, observed, { kind: "pod", uid: chosen.uid });
};

const instance = async (world: World): Promise<void> => {
  for (let count = 0; count < ATTEMPTS; count += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await attempt(world);
  }
};

/** What others may do to our objects: each has a manager of its own in managedFields. */
const meddle = (world: World): void => {
  const { api, random } = world;
  const name = `db-${random(3)}`;
  const by = { manager: "kubectl" };
  const call = (method: string, path: string, body?: unknown): void => {
    api.handle({ method, path, contentType: "application/merge-patch+json", body }, by);
  };
  const label = (labels: Record<string, string | null>): void =>
    call("PATCH", `${PODS_PATH}/${name}`, { metadata: { labels } });
  const deeds: readonly (() => void)[] = [
    () => label({ [ROLES.roleLabel]: ROLES.leader }),
    () => label({ [ROLES.roleLabel]: null }),
    () => label({ [ROLES.roleLabel]: ROLES.follower }),
    () => label({ "bellwether.dev/election": null }),
    () => label({ noise: String(random(1000)) }),
    () => {
      call("DELETE", `${PODS_PATH}/${name}`);
      createPod(world, name);
    },
    () => call("DELETE", LEASE_PATH),
    () => call("PATCH", LEASE_PATH, { spec: { holderIdentity: "intruder" } }),
  ];
  deeds[random(deeds.length)]?.();
};

const play = async (
  seed: number,
  alter: (request: KubeRequest) => KubeRequest = (request) => request,
): Promise<Verdict> => {
  const world = openWorld(seed, alter);
  const observer = observeMemory(world.api);
  for (const name of ["db-0", "db-1", "db-2"]) createPod(world, name);
  const instances = (): Promise<unknown> => Promise.all([instance(world), instance(world), instance(world)]);
  await besides(instances, { random: world.random, below: 60, act: () => meddle(world) });
  return judge(observer.revisions, ELECTION);
};

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test("no interleaving makes a second leader by a write of ours", { timeout: deadlineMs }, async () => {
  let promotions = 0;
  for (const seed of seeds) {
    // oxlint-disable-next-line no-await-in-loop
    const verdict = await play(seed);
    expect(verdict.violations, `seed ${seed}\n${renderVerdict(verdict)}`).toEqual([]);
    promotions += verdict.promotions;
  }
  expect(promotions).toBeGreaterThan(SEEDS);
});

test("the same without preconditions is caught, nearly always", { timeout: deadlineMs }, async () => {
  let caught = 0;
  for (const seed of seeds) {
    // oxlint-disable-next-line no-await-in-loop
    const verdict = await play(seed, unconditional);
    if (verdict.violations.length > 0) caught += 1;
  }
  expect(caught).toBeGreaterThan(SEEDS * 0.9);
});
