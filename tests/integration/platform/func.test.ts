/** The real func CLI takes our func.yaml, deploys it to a cluster that accepts it, and makes a running function elect. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { succeed } from "../../../infra/lab/api.ts";
import { startFunction } from "../../../infra/lab/function.ts";
import { readGroup, waitForWriter } from "../../../infra/lab/group.ts";
import { ADMIN } from "../../../infra/lab/identities.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { runFunc, type FuncFolder } from "../../../infra/lab/platform/func.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { createLock, createNamespace, createStatefulSet } from "../support/fixture.ts";
import { EVENT_BOUND_MS } from "../support/stage.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { reportServicesReady } from "./support/serving.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const folder = mkdtempSync(join(tmpdir(), "bellwether-func-"));
const funcYaml = readFileSync(join(import.meta.dirname, "../../../func.yaml"), "utf8");
// A registry that nobody serves: func only looks whether the image may be pulled.
const IMAGE = "--image=localhost:1/bellwether:test";
const DEPLOY = ["deploy", "--build=false", "--push=false", "--remote=false", IMAGE];

let number = 0;
const functionAt = (kubeconfig: string, text = funcYaml): FuncFolder => {
  number += 1;
  return { path: join(folder, String(number)), funcYaml: text, kubeconfig };
};

afterAll(() => rmSync(folder, { recursive: true }));

const deployWith = (change: unknown): Promise<string> =>
  runFunc(functionAt("/nonexistent", stringify(merge(parse(funcYaml), change))), ...DEPLOY);

const scale = (change: unknown): unknown => ({ deploy: { options: { scale: change } } });

describe("func.yaml", () => {
  test("is valid: only the cluster is missing", async () => {
    await expect(deployWith({})).rejects.toThrow("invalid kubeconfig");
  });

  test.each([
    ["a metric that does not exist", scale({ metric: "foo" }), '"scale.metric" has invalid value set: foo'],
    ["less at most than at least", scale({ min: 3, max: 1 }), "scale.min"],
    ["a builder that does not exist", { build: { builder: "kaniko" } }, '"kaniko" is not a known builder'],
    ["a deployer that does not exist", { deployer: "foo" }, "foo"],
    ["no name", { name: null }, "name required"],
  ])("with %s would be refused", async (_, change, says) => {
    await expect(deployWith(change)).rejects.toThrow(says);
  });
});

describe("on a cluster", () => {
  const stopping = stopAfterAll();
  let lab: Lab;

  beforeAll(async () => {
    lab = stopping(await startLab());
    stopping(await openPlatform(lab, { serving: "admission", namespaces: [] }));
    const ending = new AbortController();
    stopping({ stop: () => ending.abort() });
    await reportServicesReady(lab, ending.signal);
    await createNamespace(lab, "plain");
    const account = { metadata: { name: "bellwether" } };
    await succeed(lab.api, "POST", "/api/v1/namespaces/plain/serviceaccounts", { body: account });
  });

  test("func deploy makes the Service that infra/knative/warm has, as far as func.yaml can say it", async () => {
    await runFunc(functionAt(lab.plane.kubeconfig(ADMIN)), ...DEPLOY);
    const path = "/apis/serving.knative.dev/v1/namespaces/bellwether/services/bellwether";
    const { spec, metadata } = await succeed<Service>(lab.api, "GET", path);
    const shipped = objectsOf("knative-warm").find(({ apiVersion }) => apiVersion === "serving.knative.dev/v1");
    const wanted = shipped as unknown as Service;
    expect(metadata.labels).toMatchObject(wanted.metadata.labels);
    // The network policies know our pods by them.
    expect(spec.template.metadata.labels).toMatchObject(wanted.spec.template.metadata.labels);
    expect(spec.template.spec.serviceAccountName).toBe(wanted.spec.template.spec.serviceAccountName);
    const [container, wantedContainer] = [spec, wanted.spec].map(({ template }) => template.spec.containers[0]);
    expect(container?.resources).toEqual(wantedContainer?.resources);
    expect(container?.env).toEqual(expect.arrayContaining([...(wantedContainer?.env ?? [])]));
    for (const key of ["min-scale", "max-scale", "metric", "target", "target-utilization-percentage"]) {
      const name = `autoscaling.knative.dev/${key}`;
      expect(Number(spec.template.metadata.annotations[name]) || spec.template.metadata.annotations[name], key).toBe(
        Number(wanted.spec.template.metadata.annotations[name]) || wanted.spec.template.metadata.annotations[name],
      );
    }
  });

  test("func deploy makes a Deployment and a Service where there is no Serving", async () => {
    await runFunc(functionAt(lab.plane.kubeconfig(ADMIN)), ...DEPLOY, "--deployer=raw", "--namespace=plain");
    const [deployment, service] = await Promise.all([
      succeed<Service>(lab.api, "GET", "/apis/apps/v1/namespaces/plain/deployments/bellwether"),
      succeed<PlainService>(lab.api, "GET", "/api/v1/namespaces/plain/services/bellwether"),
    ]);
    const { serviceAccountName, containers } = deployment.spec.template.spec;
    expect([serviceAccountName, containers[0]?.image]).toEqual(["bellwether", "localhost:1/bellwether:test"]);
    expect(service.spec.ports).toMatchObject([{ port: 80, targetPort: 8080 }]);
  });

  test("func invoke makes a running function elect", async () => {
    const group = { namespace: "data", name: "db", leaseName: "db" };
    const { url } = await startFunction({ plane: lab.plane });
    await createNamespace(lab, "data");
    await createStatefulSet(lab, { name: "db", namespace: "data", replicas: 1 });
    await createLock(lab, { name: "db", namespace: "data", statefulSetName: "db" });
    // Nobody has told the function of them. Its exit code says nothing about the answer, so the effect is looked for.
    expect((await readGroup(lab, group)).record).toBeUndefined();
    const event = ["--type=dev.knative.sources.ping", "--source=/apis/v1/namespaces/bellwether/pingsources/by-hand"];
    const body = ["--data={}", "--content-type=application/json", "--format=cloudevent"];
    await runFunc(functionAt(lab.plane.kubeconfig(ADMIN)), "invoke", `--target=${url}`, ...event, ...body);
    await waitForWriter(lab, group, { deadlineMs: EVENT_BOUND_MS });
  });
});

interface PlainService {
  readonly spec: { readonly ports: readonly object[] };
}

interface Service {
  readonly metadata: { readonly labels: object };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>>; readonly labels: object };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly {
          readonly image: string;
          readonly resources: object;
          readonly env: readonly object[];
        }[];
      };
    };
  };
}
