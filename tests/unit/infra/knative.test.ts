/** The manifests for Knative and func.yaml, held against each other, the shipped permissions and the code. */
import { describe, expect, test } from "vitest";
import { VARIABLES } from "../../../functions/kit/host/config.ts";
import { readManifests } from "../../../infra/lab/manifests.ts";
import { filesBelow, manifestOf, ROOT, yamlOf } from "./files.ts";

const KNATIVE = "infra/knative";

interface Env {
  readonly name: string;
  readonly value: string;
}

interface Container {
  readonly image: string;
  readonly ports: readonly { readonly containerPort: number }[];
  readonly env: readonly Env[];
  readonly resources: { readonly requests: object; readonly limits: object };
  readonly readinessProbe: { readonly httpGet: { readonly path: string }; readonly periodSeconds?: number };
  readonly livenessProbe: { readonly httpGet: { readonly path: string } };
  readonly securityContext: object;
}

interface Service {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: object;
    readonly labels: object;
  };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containerConcurrency: number;
        readonly timeoutSeconds: number;
        readonly containers: readonly [Container];
      };
    };
  };
}

interface Source {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly mode: string;
    readonly serviceAccountName: string;
    readonly namespaceSelector: object;
    readonly schedule: string;
    readonly sink: { readonly ref: object };
  };
}

interface Func {
  readonly specVersion: string;
  readonly name: string;
  readonly namespace: string;
  readonly build: { readonly buildEnvs: readonly Env[] };
  readonly run: { readonly envs: readonly Env[] };
  readonly deploy: {
    readonly serviceAccountName: string;
    readonly healthEndpoints: { readonly liveness: string; readonly readiness: string };
    readonly options: {
      readonly scale: { readonly min: number; readonly max: number; readonly metric: string; readonly target: number };
      readonly resources: { readonly requests: object; readonly limits: object };
    };
  };
}

const service = manifestOf(KNATIVE, "Service") as unknown as Service;
const { annotations } = service.spec.template.metadata;
const pod = service.spec.template.spec;
const [container] = pod.containers;
const all = readManifests(`${ROOT}/${KNATIVE}`);
const sources = all.filter(({ kind }) => kind.endsWith("Source")) as unknown as readonly Source[];
const func = yamlOf("func.yaml") as Func;

const valueOf = (envs: readonly Env[], name: string): string | undefined =>
  envs.find((variable) => variable.name === name)?.value;

describe("infra/knative", () => {
  test("includes every file of the folder, the CRD and the permissions", () => {
    const { resources, images } = yamlOf(`${KNATIVE}/kustomization.yaml`) as {
      readonly resources: readonly string[];
      readonly images: readonly { readonly name: string }[];
    };
    const own = filesBelow(KNATIVE, ".yaml").map((file) => file.slice(KNATIVE.length + 1));
    const expected = [...own.filter((file) => file !== "kustomization.yaml"), "../crds", "../rbac"];
    expect(resources.toSorted()).toEqual(expected.toSorted());
    expect(images.map(({ name }) => name)).toEqual([container.image]);
  });

  test("keeps everything in namespace bellwether, which enforces the restricted Pod Security Standard", () => {
    const namespace = all.find(({ kind }) => kind === "Namespace");
    expect(namespace?.metadata).toMatchObject({
      name: "bellwether",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    const others = all.filter(({ kind }) => kind !== "Namespace");
    expect(others.map(({ metadata }) => metadata.namespace)).toEqual(others.map(() => "bellwether"));
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
  });

  test("runs the function and the adapters under accounts of their own, which infra/rbac has", () => {
    const streams = sources.filter(({ spec }) => spec.mode === "Resource");
    expect(new Set(streams.map(({ spec }) => spec.serviceAccountName))).toEqual(new Set(["bellwether-sources"]));
    expect(pod.serviceAccountName).toBe("bellwether");
    const accounts = readManifests(`${ROOT}/infra/rbac`).filter(({ kind }) => kind === "ServiceAccount");
    expect(accounts.map(({ metadata }) => metadata.name).toSorted()).toEqual(["bellwether", "bellwether-sources"]);
  });

  test("sends every source to the Service, and watches all namespaces through one watch", () => {
    expect(sources.map(({ metadata }) => metadata.name)).toEqual([
      "bellwether-objects",
      "bellwether-locks",
      "bellwether-checkers",
      "bellwether-tick",
    ]);
    for (const { spec } of sources) {
      expect(spec.sink.ref).toEqual({ apiVersion: "serving.knative.dev/v1", kind: "Service", name: "bellwether" });
    }
    const streams = sources.filter(({ spec }) => spec.mode === "Resource");
    expect(streams.map(({ spec }) => spec.namespaceSelector)).toEqual(streams.map(() => ({})));
  });

  test("ticks as often as the function believes, here and in func.yaml", () => {
    const schedule = sources.flatMap((source) => source.spec.schedule ?? []);
    const period = /^\*\/(?<seconds>[0-9]+) \* \* \* \* \*$/.exec(schedule[0] ?? "")?.groups?.["seconds"];
    expect(schedule).toHaveLength(1);
    expect(period).toBeDefined();
    expect(valueOf(container.env, "BELLWETHER_TICK_SECONDS")).toBe(period);
    expect(valueOf(func.run.envs, "BELLWETHER_TICK_SECONDS")).toBe(period);
    expect(VARIABLES.find(({ name }) => name === "BELLWETHER_TICK_SECONDS")?.fallback).toBe(Number(period));
  });

  test("sets only variables that the function reads", () => {
    const known = VARIABLES.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining([...container.env, ...func.run.envs].map(({ name }) => name)));
  });

  test("keeps one instance warm, without settings that Serving refuses on a Service itself", () => {
    expect(annotations["autoscaling.knative.dev/min-scale"]).toBe("1");
    expect(service.metadata.annotations).toBeUndefined();
    expect(service.metadata.labels).toMatchObject({ "networking.knative.dev/visibility": "cluster-local" });
    expect(pod.containerConcurrency).toBe(0);
    // Otherwise Knative asks for readiness once per period instead of every 50 ms.
    expect(container.readinessProbe.periodSeconds).toBeUndefined();
  });

  test("lets replies take longer than a group's deadline", () => {
    const deadline = VARIABLES.find(({ name }) => name === "BELLWETHER_GROUP_DEADLINE_MS")?.fallback;
    expect(pod.timeoutSeconds * 1000).toBeGreaterThan(2 * Number(deadline));
  });
});

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

  test("deploys what infra/knative deploys", () => {
    const { deploy } = func;
    expect([func.name, func.namespace]).toEqual([service.metadata.name, service.metadata.namespace]);
    expect(deploy.serviceAccountName).toBe(pod.serviceAccountName);
    expect(deploy.healthEndpoints).toEqual({
      liveness: container.livenessProbe.httpGet.path,
      readiness: container.readinessProbe.httpGet.path,
    });
    const { scale, resources } = deploy.options;
    expect([scale.min, scale.max, scale.metric, scale.target].map(String)).toEqual(
      ["min-scale", "max-scale", "metric", "target"].map((name) => annotations[`autoscaling.knative.dev/${name}`]),
    );
    expect(resources.requests).toEqual(container.resources.requests);
    expect(resources.limits).toEqual({ ...container.resources.limits, concurrency: pod.containerConcurrency });
  });

  test("asks for health where Knative Functions do by default, on the port that they set", () => {
    expect(func.deploy.healthEndpoints).toEqual({ liveness: "/health/liveness", readiness: "/health/readiness" });
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([
      VARIABLES.find(({ name }) => name === "PORT")?.fallback,
    ]);
  });
});
