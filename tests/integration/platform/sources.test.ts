/**
 * The real eventing controller accepts our sources under our permissions and starts the real adapters for them, and what these send is enough
 * for a StatefulSetLock to elect and to fail over; without our permissions it says what is missing.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { judge, renderVerdict } from "../../../functions/kit/history/judge.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { startBalancer, type Balancer } from "../../../infra/lab/balancer.ts";
import { startFunction } from "../../../infra/lab/function.ts";
import { disagreement, waitForGroup } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { startObserver, type Observer } from "../../../infra/lab/observer.ts";
import type { Pod } from "../../../infra/lab/kubelet-pod.ts";
import { environmentOf, type Container } from "../../../infra/lab/platform/container.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { openPlatform, type Platform } from "../../../infra/lab/platform/platform.ts";
import { isReady as isPodReady } from "../../../infra/lab/workload.ts";
import { ELECTION } from "../../../infra/observe/scope.ts";
import { createLock, createNamespace, createStatefulSet, waitFor } from "../support/fixture.ts";
import { EVENT_BOUND_MS, SCALE_BOUND_MS } from "../support/stage.ts";
import { objectsOf, type OverlayName } from "./golden/overlays.ts";
import { applyOverlay } from "./support/overlay.ts";
import { measureFailOvers, sampleCount } from "./support/samples.ts";
import { conditionOf, giveAddress, isReady, waitForSources } from "./support/source.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const LOCK = { namespace: "data", name: "db", leaseName: "db" };
const SAMPLES = sampleCount(3);
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

const isSource = ({ apiVersion }: Manifest): boolean => apiVersion.startsWith("sources.");
const isOurBinding = ({ kind, metadata }: Manifest): boolean =>
  kind.endsWith("RoleBinding") && metadata.name === "bellwether-sources";

interface Revision extends Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
}

/** What the Service gives to the function. */
const environmentOfFunction = (overlay: OverlayName): Readonly<Record<string, string>> => {
  const service = objectsOf(overlay).find(({ apiVersion }) => apiVersion === "serving.knative.dev/v1") as Revision;
  return environmentOf(service.spec.template.spec.containers[0], new Map());
};

describe.each(["knative-warm", "knative-namespaced"] as const)("%s", (overlay) => {
  const stopping = stopAfterAll();
  let lab: Lab;
  let platform: Platform;
  let balancer: Balancer;
  let observer: Observer;

  beforeAll(async () => {
    lab = stopping(await startLab());
    platform = stopping(await openPlatform(lab, { eventing: "running", serving: "admission" }));
    observer = stopping(await startObserver({ kubeConfig: lab.kubeConfig }));
    balancer = await startBalancer();
    stopping({ stop: () => balancer.close() });
    await createNamespace(lab, "data");
    // Every lab starts with the permissions for all namespaces.
    const kinds = ["clusterrolebindings", "clusterroles"];
    const paths = kinds.flatMap((kind) => [`${RBAC}/${kind}/bellwether-sources`, `${RBAC}/${kind}/bellwether`]);
    await Promise.all(paths.map((path) => succeed(lab.api, "DELETE", path)));
  });

  const failOvers = (form: string, count: number): Promise<number> =>
    measureFailOvers(lab, { form, lock: LOCK, count, boundMs: EVENT_BOUND_MS });

  it("without our binding each source says which permission it lacks, and no adapter is started", async () => {
    const objects = objectsOf(overlay).filter((object) => !isOurBinding(object));
    await install(
      lab.api,
      objects.filter((object) => !isSource(object)),
    );
    // Sources of a sink that has none say nothing of permissions.
    await giveAddress(lab, balancer.url);
    await install(lab.api, objects.filter(isSource));
    const sources = await waitForSources(lab, "apiserversources", {
      count: 3,
      until: (source) => conditionOf(source, "SufficientPermissions")?.status === "False",
    });
    const objectsSource = sources.find(({ metadata }) => metadata.name === "bellwether-objects");
    expect(objectsSource && conditionOf(objectsSource, "SufficientPermissions")?.message).toMatch(
      /system:serviceaccount:bellwether:bellwether-sources cannot get, list, watch resource "pods"/,
    );
    const { items } = await succeed<{ items: readonly unknown[] }>(
      lab.api,
      "GET",
      "/apis/apps/v1/namespaces/bellwether/deployments",
    );
    expect(items).toEqual([]);
  });

  it("with it all sources become Ready", async () => {
    await applyOverlay(lab, overlay);
    const sources = [
      ...(await waitForSources(lab, "apiserversources", { count: 3, until: isReady })),
      ...(await waitForSources(lab, "pingsources", { count: 1, until: isReady })),
    ];
    expect(new Set(sources.map(({ status }) => status?.sinkUri))).toEqual(new Set([balancer.url]));
  });

  it("a lock elects and fails over by what the adapters send", async () => {
    const env = environmentOfFunction(overlay);
    const instances = [await startFunction({ plane: lab.plane, env }), await startFunction({ plane: lab.plane, env })];
    balancer.target(instances.map(({ url }) => url));
    await createStatefulSet(lab, { name: "db", namespace: "data", replicas: 3 });
    await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db", leaseDurationSeconds: 60 });
    await waitForGroup(lab, LOCK, {
      until: (group) => group.pods.length === 3 && disagreement(group) === undefined,
      deadlineMs: SCALE_BOUND_MS,
    });
    // More often than the tick could, which comes every ten seconds.
    expect(await failOvers(overlay, SAMPLES)).toBeLessThan(EVENT_BOUND_MS);
  });

  it("an adapter that dies is started again, and is heard", async () => {
    platform.pods.processOf("bellwether", /^apiserversource-bellwether-obj/).kill("SIGKILL");
    await waitFor<Pod>(lab, {
      path: "/api/v1/namespaces/bellwether/pods",
      until: (pods) => pods.some((pod) => isPodReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1),
      deadlineMs: SCALE_BOUND_MS,
    });
    await failOvers(`${overlay}, adapter started again`, 1);
    await observer.stop();
    expect(observer.gaps).toEqual([]);
    const verdict = judge(observer.revisions, ELECTION);
    expect(verdict.violations, renderVerdict(verdict)).toEqual([]);
    expect(verdict.promotions).toBeGreaterThanOrEqual(SAMPLES + 2);
  });
});
