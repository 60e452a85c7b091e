/** func.yaml, held against what func knows and against the overlay that it replaces a part of. */
import { describe, expect, test } from "vitest";
import { VARIABLES } from "../../../functions/kit/host/variables.ts";
import { yamlOf } from "./files.ts";
import { containerOf, podLabelsOf, schedulesOf, periodOf, valueOf, workloadOf, type Env } from "./workloads.ts";

interface Func {
  readonly specVersion: string;
  readonly name: string;
  readonly namespace: string;
  readonly build: { readonly buildEnvs: readonly Env[] };
  readonly run: { readonly envs: readonly Env[] };
  readonly deploy: {
    readonly serviceAccountName: string;
    readonly labels: readonly { readonly key: string; readonly value: string }[];
    readonly healthEndpoints: { readonly liveness: string; readonly readiness: string };
    readonly options: {
      readonly scale: Readonly<Record<"min" | "max" | "metric" | "target" | "utilization", unknown>>;
      readonly resources: { readonly requests: object; readonly limits: object };
    };
  };
}

const func = yamlOf("func.yaml") as Func;
const service = workloadOf("knative-warm", "bellwether");
const { annotations = {} } = service.spec.template.metadata;
const pod = service.spec.template.spec;
const container = containerOf(service);

/** What `specVersion` 0.36.0 knows; `func` refuses any other key. A list's entries are described by its one element. */
type Keys = { readonly [key: string]: Keys | null } | readonly [Keys];

const VARIABLE: Keys = [{ name: null, value: null }];
const KNOWN: Keys = {
  specVersion: null,
  name: null,
  runtime: null,
  created: null,
  invoke: null,
  registry: null,
  image: null,
  namespace: null,
  deployer: null,
  build: { builder: null, buildEnvs: VARIABLE, builderImages: null, buildpacks: null, git: null },
  run: { envs: VARIABLE, volumes: null, startTimeout: null },
  deploy: {
    serviceAccountName: null,
    annotations: null,
    labels: [{ key: null, value: null }],
    healthEndpoints: { liveness: null, readiness: null },
    options: {
      scale: { min: null, max: null, metric: null, target: null, utilization: null },
      resources: {
        requests: { cpu: null, memory: null },
        limits: { cpu: null, memory: null, concurrency: null },
      },
    },
  },
};

/** Paths of keys that func does not know. */
const unknownKeys = (value: unknown, known: Keys | null, path: string): readonly string[] => {
  if (known === null || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) {
    const [entry] = known as readonly [Keys];
    return value.flatMap((item, index) => unknownKeys(item, entry, `${path}[${index}]`));
  }
  const keys = known as Readonly<Record<string, Keys | null>>;
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = `${path}.${key}`;
    return key in keys ? unknownKeys(inner, keys[key] ?? null, here) : [here];
  });
};

describe("func.yaml", () => {
  test("has only keys that func knows", () => {
    expect(unknownKeys({ ...func, port: 1 }, KNOWN, "func")).toEqual(["func.port"]);
    expect(unknownKeys(func, KNOWN, "func")).toEqual([]);
  });

  test("has what func requires, and builds TypeScript", () => {
    expect(func).toMatchObject({
      specVersion: "0.36.0",
      created: expect.anything() as unknown,
      runtime: "typescript",
      invoke: "cloudevent",
      deployer: "knative",
      build: { builder: "pack", buildEnvs: [{ name: "BP_NODE_RUN_SCRIPTS", value: "build" }] },
    });
    expect((yamlOf("package.json") as { readonly scripts: object }).scripts).toMatchObject({
      build: expect.any(String) as unknown,
      start: expect.any(String) as unknown,
    });
  });

  test("deploys what infra/knative/warm deploys", () => {
    const { deploy } = func;
    expect([func.name, func.namespace]).toEqual([service.metadata.name, service.metadata.namespace]);
    expect(deploy.serviceAccountName).toBe(pod.serviceAccountName);
    expect(deploy.healthEndpoints).toEqual({
      liveness: container.livenessProbe?.httpGet.path,
      readiness: container.readinessProbe?.httpGet.path,
    });
    const { scale, resources } = deploy.options;
    expect([scale.min, scale.max, scale.metric, scale.target, scale.utilization].map(String)).toEqual(
      ["min-scale", "max-scale", "metric", "target", "target-utilization-percentage"].map(
        (name) => annotations[`autoscaling.knative.dev/${name}`],
      ),
    );
    expect(resources.requests).toEqual(container.resources.requests);
    expect(resources.limits).toEqual({ ...container.resources.limits, concurrency: pod.containerConcurrency });
  });

  test("has all labels of the Service and of its pods, which func replaces: by these policies and sources know our pods", () => {
    const labels = Object.fromEntries(func.deploy.labels.map(({ key, value }) => [key, value]));
    expect(labels).toEqual({ ...service.metadata.labels, ...podLabelsOf(service) });
  });

  test("sets the tick that the PingSource has, and only variables that the function reads", () => {
    const period = periodOf(schedulesOf("knative-warm")[0] ?? "");
    expect(valueOf(func.run.envs, "BELLWETHER_TICK_SECONDS")).toBe(String(period));
    const known = VARIABLES.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(func.run.envs.map(({ name }) => name)));
  });

  test("asks for health where Knative Functions do by default, on the port that they set", () => {
    expect(func.deploy.healthEndpoints).toEqual({ liveness: "/health/liveness", readiness: "/health/readiness" });
    expect(container.ports?.map(({ containerPort }) => containerPort)).toEqual([
      VARIABLES.find(({ name }) => name === "PORT")?.fallback,
    ]);
  });
});
