/**
 * What `func deploy --deployer keda` makes of our func.yaml, with the real HTTP add-on and the real Eventing webhook; and the two traps in it:
 * the function goes to zero only when told so, and a subscription of func.yaml does not wake it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import { ADMIN } from "../../../infra/lab/identities.ts";
import { startLab, type Lab } from "../../../infra/lab/lab.ts";
import { runFunc } from "../../../infra/lab/platform/func.ts";
import { startHttpAddOn } from "../../../infra/lab/platform/http-add-on.ts";
import { openPlatform } from "../../../infra/lab/platform/platform.ts";
import { createNamespace } from "../support/fixture.ts";
import { objectsOf } from "./golden/overlays.ts";
import { merge } from "./support/mistake.ts";
import { stopAfterAll } from "./support/stop-after-all.ts";

const folder = mkdtempSync(join(tmpdir(), "bellwether-func-keda-"));
const shipped: unknown = parse(readFileSync(join(import.meta.dirname, "../../../func.yaml"), "utf8"));
// A registry that nobody serves: func only looks whether the image may be pulled.
const DEPLOY = [
  "deploy",
  "--deployer=keda",
  "--build=false",
  "--push=false",
  "--remote=false",
  "--image=localhost:1/bellwether:test",
];

interface Made<Spec> extends KubeObject {
  readonly spec: Spec;
}

interface DeploymentSpec {
  readonly template: { readonly spec: { readonly serviceAccountName: string; readonly containers: readonly object[] } };
}

interface ServiceSpec {
  readonly externalName: string;
}

interface HttpScaledSpec {
  readonly hosts: readonly string[];
  readonly replicas: object;
  /** Seconds. */
  readonly scaledownPeriod: number;
}

const bridgeOf = (namespace: string): string => `bellwether-interceptor-bridge.${namespace}.svc`;

let lab: Lab;
const stopping = stopAfterAll();

/** Deploys func.yaml, changed, to a namespace of its own. */
const deployTo = async (namespace: string, change: unknown = {}): Promise<void> => {
  await createNamespace(lab, namespace);
  const account = { metadata: { name: "bellwether" } };
  await succeed(lab.api, "POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { body: account });
  const funcYaml = stringify(merge(shipped, merge(change, { namespace })));
  const where = { path: join(folder, namespace), funcYaml, kubeconfig: lab.plane.kubeconfig(ADMIN) };
  await runFunc(where, ...DEPLOY);
};

const scaledIn = (namespace: string): Promise<Made<HttpScaledSpec>> =>
  succeed(lab.api, "GET", `/apis/http.keda.sh/v1alpha1/namespaces/${namespace}/httpscaledobjects/bellwether`);

const deploymentIn = (namespace: string): Promise<Made<DeploymentSpec>> =>
  succeed(lab.api, "GET", `/apis/apps/v1/namespaces/${namespace}/deployments/bellwether`);

beforeAll(async () => {
  lab = stopping(await startLab());
  stopping(await openPlatform(lab, { eventing: "admission", keda: "admission", namespaces: [] }));
  await startHttpAddOn(lab, []);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("func deploy --deployer keda, with the shipped func.yaml", () => {
  beforeAll(async () => {
    await deployTo("shipped");
  });

  test("makes a Deployment under our account, behind the interceptor's bridge", async () => {
    expect((await deploymentIn("shipped")).spec.template.spec.serviceAccountName).toBe("bellwether");
    const service = "/api/v1/namespaces/shipped/services/bellwether-interceptor-bridge";
    const bridge = await succeed<Made<ServiceSpec>>(lab.api, "GET", service);
    const ours = objectsOf("keda-http").find(({ metadata }) => metadata.name === "bellwether-bridge");
    expect(bridge.spec.externalName).toBe((ours as unknown as Made<ServiceSpec>).spec.externalName);
  });

  test("has the add-on make a ScaledObject of it, which KEDA's webhook accepts", async () => {
    const { spec } = await scaledIn("shipped");
    expect(spec.hosts).toContain(bridgeOf("shipped"));
    const path = "/apis/keda.sh/v1alpha1/namespaces/shipped/scaledobjects/bellwether";
    const scaled = await succeed<Made<object>>(lab.api, "GET", path);
    expect(scaled.spec).toMatchObject({
      scaleTargetRef: { name: "bellwether" },
      triggers: [{ type: "external-push" }],
    });
  });

  test("leaves an instance running for ever, and forgets resources and what to scale by", async () => {
    const { spec } = await scaledIn("shipped");
    expect(spec).toMatchObject({ replicas: { min: 1, max: 3 }, scalingMetric: { requestRate: { targetValue: 100 } } });
    // Longer than any tick that keeps Leases alive: with a minimum of zero it would not go either.
    expect(spec.scaledownPeriod).toBe(300);
    const { containers } = (await deploymentIn("shipped")).spec.template.spec;
    expect(containers).toEqual([expect.objectContaining({ resources: {} })]);
  });
});

describe("func deploy --deployer keda, with another func.yaml", () => {
  test.each([
    { namespace: "zero", scale: { min: 0 }, replicas: { min: 0, max: 3 } },
    { namespace: "unset", scale: null, replicas: { min: 1, max: 10 } },
  ])("scale $namespace: $replicas.min to $replicas.max instances", async ({ namespace, scale, replicas }) => {
    await deployTo(namespace, { deploy: { options: { scale } } });
    expect((await scaledIn(namespace)).spec.replicas).toEqual(replicas);
  });

  test("a subscription goes past the interceptor: nobody would wake the function for it", async () => {
    const subscriptions = [{ source: "bellwether", filters: { type: "dev.knative.sources.ping" } }];
    await deployTo("subscribed", { deploy: { subscriptions } });
    const path = "/apis/eventing.knative.dev/v1/namespaces/subscribed/triggers";
    const { items } = await succeed<{ readonly items: readonly KubeObject[] }>(lab.api, "GET", path);
    const uri = "http://bellwether.subscribed.svc.cluster.local";
    expect(items.map(({ spec }) => spec)).toMatchObject([{ broker: "bellwether", subscriber: { uri } }]);
    expect((await scaledIn("subscribed")).spec.hosts).not.toContain(new URL(uri).host);
  });
});
