/**
 * The doctor on real installations that work, and on the same ones broken in one way at a time: it says just that, the remedy helps, and
 * what it says of a fail-over is so.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { succeed } from "../../../infra/lab/api.ts";
import { waitForWriter, writersOf } from "../../../infra/lab/group.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { isCrd, type Manifest } from "../../../infra/lab/manifests.ts";
import { ourImage } from "../../../infra/lab/platform/image.ts";
import { install } from "../../../infra/lab/platform/install.ts";
import { kubectl } from "../../../infra/lab/platform/kubectl.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import type { Program } from "../../../infra/lab/platform/pod-runner.ts";
import { freePort } from "../../../infra/lab/ports.ts";
import { statefulSetManifest } from "../../../infra/lab/workload.ts";
import { createLock, createNamespace } from "../support/fixture.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { objectsOf } from "./golden/overlays.ts";
import { createCaller, documentedRules, runDoctor, titlesOf, type Diagnosis } from "./support/doctor.ts";
import { merge } from "./support/mistake.ts";
import { applyOverlay } from "./support/overlay.ts";
import { IMAGE, waitForDeployment } from "./support/scaling.ts";
import { reportServicesReady } from "./support/serving.ts";
import { conditionOf, isReady, waitForSources, type Source } from "./support/source.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const LOCK = { namespace: "data", name: "db", leaseName: "db" };
const WELL: Diagnosis = { code: 0, works: true, problems: [] };
/** The command takes its second or two for the client library. */
const within = { timeout: 60_000, interval: 500 };
const START_BOUND_MS = 60_000;

const namedIn = (objects: readonly Manifest[], kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
};

const isLost = (source: Source): boolean => conditionOf(source, "SinkProvided")?.status === "False";

/** One of each, because here they would share the port of the function. */
const single = (object: Manifest): Manifest =>
  object.kind === "Deployment" ? (merge(object, { spec: { replicas: 1 } }) as Manifest) : object;

/** Ways in which a caller may be allowed to ask for the permissions of others. */
const withReviews = (rule: { readonly resources: readonly string[] }): boolean =>
  rule.resources.includes("subjectaccessreviews");
const IMPERSONATION = { apiGroups: [""], resources: ["serviceaccounts"], verbs: ["impersonate"] };

describe("on plain Kubernetes", () => {
  const stopping = stopAfterAll();
  let lab: Lab;
  let caller = "";

  // Every lab has the CRDs.
  const objects = objectsOf("standalone")
    .filter((object) => !isCrd(object))
    .map(single);

  const apply = (kind: string, name: string): Promise<void> => install(lab.api, [namedIn(objects, kind, name)]);
  const remove = (path: string): Promise<unknown> => succeed(lab.api, "DELETE", path);

  /** The image's programs; the source posts to where the function's Service would lead. */
  const program = async (): Promise<Program> => {
    const port = String(await freePort());
    const image = await ourImage(lab.plane, {
      image: IMAGE,
      // The source serves nothing: it is taken for Ready as soon as the function is.
      addresses: { function: { PORT: port }, source: { PORT: port } },
    });
    const toPort = (argument: string): string =>
      argument.replace("--sink=http://bellwether/", `--sink=http://127.0.0.1:${port}/`);
    return {
      ...image,
      command: (container) => image.command({ ...container, args: (container.args ?? []).map(toPort) }),
    };
  };

  const createDatabase = async (): Promise<void> => {
    await createNamespace(lab, "data");
    const probe = { exec: { command: ["true"] }, periodSeconds: 2, failureThreshold: 3 };
    const container = { name: "main", image: "example.invalid/main", readinessProbe: probe };
    const set = merge(statefulSetManifest({ name: "db", replicas: 2 }), {
      spec: { template: { spec: { containers: [container] } } },
    });
    await succeed(lab.api, "POST", "/apis/apps/v1/namespaces/data/statefulsets", { body: set });
    await createWriterService();
    await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db", leaseDurationSeconds: 30 });
  };

  const createWriterService = (): Promise<unknown> =>
    succeed(lab.api, "POST", "/api/v1/namespaces/data/services", {
      body: {
        metadata: { name: "db-writer" },
        spec: { selector: { app: "db", "sts-role": "writer" }, ports: [{ port: 1 }] },
      },
    });

  beforeAll(async () => {
    lab = stopping(await startLab());
    stopping(await openPlatform(lab, { programs: [await program()] }));
    await install(lab.api, objects);
    await waitForDeployment(lab, "bellwether", ({ status }) => status?.readyReplicas === 1);
    await waitForDeployment(lab, "bellwether-source", ({ status }) => status?.readyReplicas === 1);
    await createDatabase();
    await waitForWriter(lab, LOCK, { deadlineMs: START_BOUND_MS });
    caller = await createCaller(lab, "doctor", documentedRules());
  });

  it("finds nothing where everything works, with the documented role; and a fail-over works", async () => {
    await expect.poll(() => runDoctor(caller), within).toEqual(WELL);
    const [leader] = writersOf(await waitForWriter(lab, LOCK, { deadlineMs: EVENT_BOUND_MS }));
    const name = leader?.name ?? "";
    await lab.kubelet.setReady("data", name, false);
    await waitForWriter(lab, LOCK, { is: (writer) => writer.name !== name, deadlineMs: EVENT_BOUND_MS });
    await lab.kubelet.setReady("data", name, true);
  });

  it("asks for permissions as the account itself where it may not ask for others", async () => {
    const rules = documentedRules().filter((rule) => !withReviews(rule));
    const impersonator = await createCaller(lab, "impersonator", [...rules, IMPERSONATION]);
    expect(await runDoctor(impersonator)).toEqual(WELL);
    const reader = await createCaller(lab, "reader", rules);
    const diagnosis = await runDoctor(reader);
    expect(diagnosis).toMatchObject({ code: 2, works: null });
    expect(titlesOf(diagnosis)).toEqual([
      "unknown permissions: ServiceAccount bellwether/bellwether, bellwether/bellwether-sources: permissions",
    ]);
  });

  it("says of what it may not read that nobody knows, and calls none of it missing", async () => {
    const diagnosis = await runDoctor(await createCaller(lab, "stranger", []));
    expect(diagnosis).toMatchObject({ code: 2, works: null });
    expect(new Set(diagnosis.problems.map(({ severity, check }) => `${severity} ${check}`))).toEqual(
      new Set(["unknown access", "warning definitions"]),
    );
  });

  it("finds a role that is not bound, and nothing once it is", async () => {
    await remove("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/bellwether");
    const diagnosis = await runDoctor(caller);
    expect(diagnosis).toMatchObject({ code: 1, works: false });
    expect(titlesOf(diagnosis)).toEqual([
      "error permissions: ServiceAccount bellwether/bellwether: permissions in all namespaces",
    ]);
    await apply("ClusterRoleBinding", "bellwether");
    await expect.poll(() => runDoctor(caller), within).toEqual(WELL);
  });

  it("finds a CRD that is gone, and its remedy brings it back", async () => {
    const name = "leaderstatuscheckers.node-role.bb-noti.io";
    await remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`);
    const titles = [`error definitions: CustomResourceDefinition ${name}: metadata.name`];
    await expect.poll(async () => titlesOf(await runDoctor(caller)), within).toEqual(titles);
    const [finding] = (await runDoctor(caller)).problems;
    const [, ...command] = finding?.remedy.split(" ") ?? [];
    await kubectl(lab.plane, ...command);
    await expect.poll(() => runDoctor(caller), within).toEqual(WELL);
  });

  it("finds that the source posts to a Service that is gone", async () => {
    await remove("/api/v1/namespaces/bellwether/services/bellwether");
    const diagnosis = await runDoctor(caller);
    expect(titlesOf(diagnosis)).toEqual(["error sources: Deployment bellwether/bellwether-source: --sink"]);
    expect(diagnosis.code).toBe(1);
    await apply("Service", "bellwether");
    expect(await runDoctor(caller)).toEqual(WELL);
  });

  it("finds that nobody follows the writer, which stops no fail-over", async () => {
    await remove("/api/v1/namespaces/data/services/db-writer");
    const diagnosis = await runDoctor(caller);
    expect(titlesOf(diagnosis)).toEqual([
      'warning followers: StatefulSetLock data/db: Service spec.selector["sts-role"]',
    ]);
    expect(diagnosis.code).toBe(0);
    await createWriterService();
    expect(await runDoctor(caller)).toEqual(WELL);
  });

  it("finds that the source does not run, and its remedy starts it", async () => {
    await kubectl(lab.plane, "-n", "bellwether", "scale", "deployment", "bellwether-source", "--replicas=0");
    await waitForDeployment(lab, "bellwether-source", ({ status }) => (status?.readyReplicas ?? 0) === 0);
    const diagnosis = await runDoctor(caller);
    expect(titlesOf(diagnosis)).toEqual(["error workloads: Deployment bellwether/bellwether-source: spec.replicas"]);
    const [, ...command] = diagnosis.problems[0]?.remedy.split(" ") ?? [];
    await kubectl(lab.plane, ...command);
    await expect.poll(() => runDoctor(caller), within).toEqual(WELL);
  });
});

describe("on Knative", () => {
  const TICK = "/apis/sources.knative.dev/v1/namespaces/bellwether/pingsources/bellwether-tick";
  const stopping = stopAfterAll();
  let lab: Lab;
  let caller = "";

  const change = (spec: unknown): Promise<unknown> =>
    succeed(lab.api, "PATCH", TICK, { body: { spec }, contentType: "application/merge-patch+json" });

  beforeAll(async () => {
    lab = stopping(await startLab());
    stopping(await openPlatform(lab, { eventing: "running", serving: "admission" }));
    const ending = new AbortController();
    stopping({ stop: () => ending.abort() });
    await reportServicesReady(lab, ending.signal);
    await applyOverlay(lab, "knative-warm");
    await waitForSources(lab, "apiserversources", { count: 3, until: isReady });
    await waitForSources(lab, "pingsources", { count: 1, until: isReady });
    caller = await createCaller(lab, "doctor", documentedRules());
  });

  it("finds nothing where everything is Ready", async () => {
    await expect.poll(() => runDoctor(caller), within).toEqual(WELL);
  });

  it("finds a tick that is aimed at a Service that is not there", async () => {
    await change({ sink: { ref: { name: "other" } } });
    await waitForSources(lab, "pingsources", { count: 1, until: isLost });
    const diagnosis = await runDoctor(caller);
    expect(titlesOf(diagnosis)).toEqual(["error sources: PingSource bellwether/bellwether-tick: spec.sink"]);
    await change({ sink: { ref: { name: "bellwether" } } });
    await waitForSources(lab, "pingsources", { count: 1, until: isReady });
    expect(await runDoctor(caller)).toEqual(WELL);
  });

  it("finds a schedule that the function does not know of", async () => {
    await change({ schedule: "*/30 * * * * *" });
    await waitForSources(lab, "pingsources", { count: 1, until: isReady });
    const diagnosis = await runDoctor(caller);
    expect(titlesOf(diagnosis)).toEqual(["warning ticks: PingSource bellwether/bellwether-tick: spec.schedule"]);
    expect(diagnosis.code).toBe(0);
    await change({ schedule: "*/10 * * * * *" });
    await waitForSources(lab, "pingsources", { count: 1, until: isReady });
    expect(await runDoctor(caller)).toEqual(WELL);
  });
});
