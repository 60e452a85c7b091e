/**
 * Goal: the standalone form as users apply it, with three instances of which one is killed every few seconds, leads in all three ways while
 * one leader after the other is lost: at no revision are there two, and at the end everything agrees.
 */
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { ROLES as ELECTION } from "../../../functions/election/labels.ts";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import type { RoleNames } from "../../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { ROLES as CHECKED } from "../../../functions/roles/labels.ts";
import { ROLES as STANDBY } from "../../../functions/standby/labels.ts";
import { startBalancer, type Balancer } from "../../../infra/lab/balancer.ts";
import type { Pod } from "../../../infra/lab/kubelet-pod.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { listWatch } from "../../../infra/lab/list-watch.ts";
import { startObserver, type Observer } from "../../../infra/lab/observer.ts";
import { ourImage } from "../../../infra/lab/platform/image.ts";
import { kubectl } from "../../../infra/lab/platform/kubectl.ts";
import { openPlatform, type Platform } from "../../../infra/lab/platform/platform.ts";
import type { Program } from "../../../infra/lab/platform/pod-runner.ts";
import { isReady } from "../../../infra/lab/workload.ts";
import { ELECTION as ELECTION_STANDARD, ROLES_STANDARD, STANDBY_STANDARD } from "../../../infra/observe/scope.ts";
import { createChecker, NAMESPACE as DATA, settles as checkerSettles } from "../roles/support.ts";
import { createDeployment, createService, MODE, until, untilExtended } from "../standby/label-stage.ts";
import { ROUTE, startFamilies, type Families } from "../standby/route-stage.ts";
import { createNamespace, createStatefulSet, waitFor } from "../support/fixture.ts";
import { settles as lockSettles } from "../support/hand-overs.ts";
import { createGroup, leasesPath, list, lockIn, podsPath, podsReady } from "../support/objects.ts";
import { EVENT_BOUND_MS, tickBoundMs } from "../support/stage.ts";
import { applyOverlay } from "./support/overlay.ts";
import { measureFailOvers, sampleCount } from "./support/samples.ts";
import { IMAGE, waitForDeployment } from "./support/scaling.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const REPLICAS = 3;
const LOCKS = ["lock-1", "lock-2", "lock-3"];
const KILLS = 8;
const KILL_EVERY_MS = 4_000;
const LEAST_FAIL_OVERS = 4;
/** Of the manifest. A kill may also meet the tick that would have found what another one left. */
const BOUND_MS = 2 * tickBoundMs(10);
const STANDARDS = [ELECTION_STANDARD, ROLES_STANDARD, STANDBY_STANDARD];

interface LeaseSpec {
  readonly holderIdentity?: string;
}

/** What has one leader at a time. */
interface Group {
  readonly name: string;
  readonly namespace: string;
  /** Name of the one pod that leads, as it was last seen; undefined while none does, or several. */
  readonly leader: () => string | undefined;
}

const restartsOf = ({ status }: Pod): number => status?.containerStatuses?.[0]?.restartCount ?? 0;

const theOnly = (names: readonly string[]): string | undefined => (names.length === 1 ? names[0] : undefined);

/**
 * The image, with the balancer in place of the function's Service: it leads to those instances that were Ready, and notices one that died
 * when it is started again.
 */
const behind = (balancer: Balancer, image: Program): Program => {
  const urls = new Map<string, string>();
  const place = (pod: string, url: string | undefined): void => {
    if (url === undefined) urls.delete(pod);
    else if (url !== balancer.url) urls.set(pod, url);
    balancer.target([...urls.values()]);
  };
  return {
    ...image,
    command: ({ args = [], ...container }) =>
      image.command({ ...container, args: args.map((text) => text.replace("http://bellwether/", balancer.url)) }),
    readiness: (access, environment) => {
      const probe = image.readiness?.(access, environment);
      place(access.tokenFile, undefined);
      return async () => {
        const reason = await probe?.();
        if (reason === undefined) place(access.tokenFile, `http://127.0.0.1:${environment["PORT"]}/`);
        return reason;
      };
    },
  };
};

describe("infra/standalone with three instances, one of them killed every few seconds", () => {
  const stopping = stopAfterAll();
  const pods = new Map<string, KubeObject>();
  const failOvers = new Map<string, number[]>();
  let lab: Lab;
  let platform: Platform;
  let observer: Observer;
  let families: Families;
  let groups: readonly Group[] = [];

  const labelled = (namespace: string, set: string, { roleLabel, leader }: RoleNames): Group => ({
    name: `${namespace}/${set}`,
    namespace,
    leader: () =>
      theOnly(
        [...pods.values()]
          .filter(({ metadata }) => metadata.namespace === namespace && metadata.name.startsWith(`${set}-`))
          .filter(({ metadata }) => metadata.labels?.[roleLabel] === leader)
          .map(({ metadata }) => metadata.name),
      ),
  });

  const routed = (service: string): Group => ({
    name: `${DATA}/${service}`,
    namespace: DATA,
    leader: () => theOnly(families.of(`${DATA}/${service}`).at(-1)?.v4 ?? []),
  });

  const follow = async (): Promise<void> => {
    const ending = new AbortController();
    stopping({ stop: () => ending.abort() });
    await listWatch<KubeObject>({
      kubeConfig: lab.kubeConfig,
      path: "/api/v1/pods",
      onEvent: ({ type, object }) => {
        if (type === "DELETED") pods.delete(object.metadata.uid);
        else pods.set(object.metadata.uid, object);
      },
      signal: ending.signal,
    });
    families = stopping(await startFamilies(lab));
  };

  /** Deploys as the documents say, with one more replica. */
  const deploy = async (): Promise<void> => {
    await kubectl(lab.plane, "delete", "clusterroles,clusterrolebindings", "bellwether", "bellwether-sources");
    await applyOverlay(lab, "standalone");
    await kubectl(lab.plane, "-n", "bellwether", "scale", "deployment", "bellwether", `--replicas=${REPLICAS}`);
    await waitForDeployment(lab, "bellwether", ({ status }) => status?.readyReplicas === REPLICAS);
    await waitForDeployment(lab, "bellwether-source", ({ spec, status }) => status?.readyReplicas === spec.replicas);
  };

  const createGroups = async (): Promise<void> => {
    await Promise.all(LOCKS.map((namespace) => createGroup(lab, namespace)));
    await createNamespace(lab, DATA);
    await createStatefulSet(lab, { name: "queue", namespace: DATA, replicas: 3 });
    await podsReady(lab, DATA, 3);
    await createChecker(lab, "queue", { rpcPort: 8000, localDev: true });
    await createDeployment(lab, DATA, { name: "store", replicas: 3 });
    await createService(lab, DATA, { name: "store", annotations: MODE });
    await createDeployment(lab, DATA, { name: "routed", replicas: 3 });
    await createService(lab, DATA, { name: "routed", annotations: ROUTE });
    groups = [
      ...LOCKS.map((namespace) => labelled(namespace, "db", ELECTION)),
      labelled(DATA, "queue", CHECKED),
      labelled(DATA, "store", STANDBY),
      routed("routed"),
    ];
  };

  const instances = (): Promise<readonly Pod[]> =>
    list(lab, `${podsPath("bellwether")}?labelSelector=app.kubernetes.io/component%3Dfunction`) as Promise<
      readonly Pod[]
    >;

  const killInTurn = async (over: AbortSignal): Promise<void> => {
    for (let kill = 0; kill < KILLS && !over.aborted; kill += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one kill after the other, at a pace of its own
      await pause(KILL_EVERY_MS);
      // oxlint-disable-next-line no-await-in-loop
      const name = (await instances())[kill % REPLICAS]?.metadata.name ?? "";
      platform.pods.processOf("bellwether", new RegExp(`^${name}$`)).kill("SIGKILL");
    }
  };

  const leads = async ({ name, leader }: Group, is: (pod: string) => boolean): Promise<string> => {
    const holds = (): boolean => {
      const pod = leader();
      return pod !== undefined && is(pod);
    };
    await until(`${name} has another leader than ${leader()}`, holds, BOUND_MS);
    return leader() ?? "";
  };

  const failOver = async (group: Group): Promise<void> => {
    const lost = await leads(group, () => true);
    const began = performance.now();
    await lab.kubelet.setReady(group.namespace, lost, false);
    await leads(group, (pod) => pod !== lost);
    failOvers.set(group.name, [...(failOvers.get(group.name) ?? []), performance.now() - began]);
    await lab.kubelet.setReady(group.namespace, lost, true);
  };

  beforeAll(async () => {
    lab = stopping(await startLab());
    const balancer = await startBalancer();
    stopping({ stop: () => balancer.close() });
    // The source serves nothing: it is taken for Ready as soon as there is an instance to post to.
    const addresses = { source: { PORT: new URL(balancer.url).port } };
    const image = await ourImage(lab.plane, { image: IMAGE, addresses });
    platform = stopping(await openPlatform(lab, { programs: [behind(balancer, image)] }));
    observer = stopping(await startObserver({ kubeConfig: lab.kubeConfig }));
    await follow();
    await deploy();
    await createGroups();
  });

  it("every group gets a leader", async () => {
    const leaders = await Promise.all(groups.map((group) => leads(group, () => true)));
    expect(leaders).not.toContain("");
  });

  it("a writer that is lost is replaced within the bound while nobody is killed", async () => {
    const lock = lockIn("lock-1");
    await lockSettles(lab, lock.namespace, { deadlineMs: BOUND_MS });
    const wanted = { form: "standalone", lock, count: sampleCount(3), boundMs: EVENT_BOUND_MS };
    expect(await measureFailOvers(lab, wanted)).toBeLessThan(EVENT_BOUND_MS);
  });

  it("every leader that is lost is replaced, whoever is killed meanwhile", async () => {
    const ending = new AbortController();
    const { signal: over } = ending;
    const end = (): void => ending.abort();
    const lose = async (group: Group): Promise<void> => {
      while (!over.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- fail-overs follow one another
        await failOver(group);
      }
    };
    const losing = groups.map((group) => lose(group).finally(end));
    await Promise.all([killInTurn(over).finally(end), ...losing]);
    for (const [name, times] of failOvers) {
      const longest = Math.max(...times).toFixed(0);
      process.stdout.write(
        `${name}: ${times.length} fail-overs while ${KILLS} were killed, the longest ${longest} ms\n`,
      );
      expect(times.length, name).toBeGreaterThanOrEqual(LEAST_FAIL_OVERS);
    }
    expect(failOvers.size).toBe(groups.length);
  });

  it("all that were killed are back", async () => {
    const names = new Set((await instances()).map(({ metadata }) => metadata.name));
    const all = await waitFor<Pod>(lab, {
      path: podsPath("bellwether"),
      until: (found) => found.filter((pod) => names.has(pod.metadata.name)).every((pod) => isReady(pod)),
      deadlineMs: BOUND_MS,
    });
    expect(all.map((pod) => restartsOf(pod)).reduce((one, other) => one + other)).toBe(KILLS);
  });

  it("at the end every group is at rest: all places name the same leader", async () => {
    const within = { timeout: BOUND_MS, interval: 100 };
    await Promise.all(LOCKS.map((namespace) => lockSettles(lab, namespace, { deadlineMs: BOUND_MS })));
    const [queue, store] = [labelled(DATA, "queue", CHECKED), labelled(DATA, "store", STANDBY)];
    await checkerSettles(lab, "queue", { leader: queue.leader() ?? "", deadlineMs: BOUND_MS });
    await untilExtended(lab, DATA, { name: "store", app: "store", deadlineMs: BOUND_MS });
    const holders = async (): Promise<unknown> =>
      new Set((await list(lab, leasesPath(DATA))).map(({ spec }) => (spec as LeaseSpec).holderIdentity));
    await expect.poll(holders, within).toEqual(new Set([queue.leader(), store.leader()]));
    // Route mode has its own record, in its slice.
    const route = { v4: [expect.any(String)], exclusive: true };
    await expect.poll(() => families.of(`${DATA}/routed`).at(-1), within).toMatchObject(route);
  });

  it("at no revision were there two leaders, and nothing was missed", async () => {
    await observer.stop();
    expect(observer.gaps).toEqual([]);
    for (const standard of STANDARDS) {
      const verdict = judge(observer.revisions, standard);
      expect(verdict.violations, `${standard.roles.feature}: ${renderVerdict(verdict)}`).toEqual([]);
      expect(verdict.doubledRevisions, standard.roles.feature).toBe(0);
      expect(verdict.promotions, standard.roles.feature).toBeGreaterThan(LEAST_FAIL_OVERS);
    }
  });
});
