/** What each form of installation is about: who sends events where, what scales, what a drain does, who may do what. */
import { describe, expect, test } from "vitest";
import { VARIABLES } from "../../../functions/kit/host/variables.ts";
import { MANAGER, MANAGER_LABEL } from "../../../functions/standby/route/names.ts";
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import {
  containerOf,
  ofKind,
  periodOf,
  podLabelsOf,
  schedulesOf,
  secondsOf,
  streamsOf,
  valueOf,
  workloadOf,
  workloadsOf,
  type Labels,
  type Source,
} from "./workloads.ts";

const AUTOSCALING = "autoscaling.knative.dev/";
/** Serving's own, for the whole cluster: an instance goes within it after the window. */
const SCALE_TO_ZERO_GRACE_SECONDS = 30;
const KINDS = [
  "apps/v1 StatefulSet",
  "app.anukkrit.me/v1 StatefulSetLock",
  "discovery.k8s.io/v1 EndpointSlice",
  "node-role.bb-noti.io/v1 LeaderStatusChecker",
  "v1 Pod",
  "v1 Service",
].toSorted();

const annotationsOf = (name: OverlayName): Labels =>
  workloadOf(name, "bellwether").spec.template.metadata.annotations ?? {};

const tickOf = (name: OverlayName): number => periodOf(schedulesOf(name)[0] ?? "") ?? Number.NaN;

describe.each(["knative-warm", "knative-cold", "knative-broker", "knative-namespaced", "keda-http"] as const)(
  "the sources of %s",
  (name) => {
    const streams = streamsOf(name);

    test("stream whole objects of the kinds that concern the function, of EndpointSlices only ours, of Pods all but ours", () => {
      const resources = streams.flatMap(({ spec }) => spec.resources);
      expect(resources.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`).toSorted()).toEqual(KINDS);
      expect(resources.flatMap(({ kind, selector }) => (selector === undefined ? [] : [{ kind, selector }]))).toEqual([
        {
          kind: "Pod",
          selector: {
            matchExpressions: [{ key: "app.kubernetes.io/name", operator: "NotIn", values: ["bellwether"] }],
          },
        },
        { kind: "EndpointSlice", selector: { matchLabels: { [MANAGER_LABEL]: MANAGER } } },
      ]);
      expect(new Set(streams.map(({ spec }) => spec.mode))).toEqual(new Set(["Resource"]));
    });

    test("watch all namespaces through one watch each, unless one is named", () => {
      const named = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["data"] }] };
      const wanted = name === "knative-namespaced" ? named : {};
      expect(streams.map(({ spec }) => spec.namespaceSelector)).toEqual(streams.map(() => wanted));
    });
  },
);

describe.each(["knative-warm", "knative-cold", "knative-broker"] as const)("%s", (name) => {
  const service = workloadOf(name, "bellwether");
  const { spec: pod } = service.spec.template;

  test("has no setting of the autoscaler on the Service itself, where Serving refuses it, and every one on its revisions", () => {
    expect(service.metadata.annotations).toBeUndefined();
    expect(Object.keys(annotationsOf(name)).map((key) => key.replace(AUTOSCALING, ""))).toEqual([
      "class",
      "initial-scale",
      "max-scale",
      "metric",
      "min-scale",
      "panic-threshold-percentage",
      "panic-window-percentage",
      "scale-down-delay",
      "scale-to-zero-pod-retention-period",
      "target",
      "target-burst-capacity",
      "target-utilization-percentage",
      "window",
    ]);
  });

  test("cannot be reached from outside of the cluster", () => {
    expect(service.metadata.labels).toMatchObject({ "networking.knative.dev/visibility": "cluster-local" });
  });

  test("lets replies take longer than a group's deadline, and any number of requests in", () => {
    const deadline = VARIABLES.find((variable) => variable.name === "BELLWETHER_GROUP_DEADLINE_MS")?.fallback;
    expect((pod.timeoutSeconds ?? 0) * 1000).toBeGreaterThan(2 * Number(deadline));
    expect(pod.containerConcurrency).toBe(0);
  });

  test("has Knative ask for readiness as fast as it can", () => {
    expect(containerOf(service).readinessProbe).toEqual({ httpGet: { path: "/health/readiness" } });
  });

  test("sends ticks straight to the function, and events too unless there is a Broker", () => {
    const ticks = ofKind<Source>(name, "PingSource").map(({ spec }) => spec.sink.ref?.kind);
    const events = streamsOf(name).map(({ spec }) => spec.sink.ref?.kind);
    expect(ticks).toEqual(["Service"]);
    expect(new Set(events)).toEqual(new Set([name === "knative-broker" ? "Broker" : "Service"]));
  });
});

test("the warm tier never scales to zero, and ticks by the function's default", () => {
  expect(annotationsOf("knative-warm")[`${AUTOSCALING}min-scale`]).toBe("1");
  const fallback = VARIABLES.find((variable) => variable.name === "BELLWETHER_TICK_SECONDS")?.fallback;
  expect(tickOf("knative-warm")).toBe(fallback);
});

test("the cold tier is at zero before the next tick comes", () => {
  const annotations = annotationsOf("knative-cold");
  expect(annotations[`${AUTOSCALING}min-scale`]).toBe("0");
  const longest =
    secondsOf(annotations[`${AUTOSCALING}window`] ?? "") +
    SCALE_TO_ZERO_GRACE_SECONDS +
    secondsOf(annotations[`${AUTOSCALING}scale-to-zero-pod-retention-period`] ?? "");
  expect(longest).toBeLessThan(tickOf("knative-cold"));
});

test("the Trigger says how often an event is delivered, and where it goes afterwards", () => {
  const [trigger] = ofKind<{ readonly spec: { readonly broker: string; readonly delivery: Delivery } }>(
    "knative-broker",
    "Trigger",
  );
  const { deadLetterSink, ...delivery } = trigger?.spec.delivery ?? { deadLetterSink: undefined };
  expect(delivery).toEqual({ retry: 3, backoffPolicy: "linear", backoffDelay: "PT0.5S", timeout: "PT5S" });
  const channels = ofKind("knative-broker", "Channel").map(({ metadata }) => metadata.name);
  expect(channels).toEqual([deadLetterSink?.ref.name]);
  expect(ofKind("knative-broker", "Broker").map(({ metadata }) => metadata.name)).toEqual([trigger?.spec.broker]);
});

interface Delivery {
  readonly deadLetterSink: { readonly ref: { readonly name: string } };
}

interface ScaledObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly name: string };
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly pollingInterval: number;
    readonly cooldownPeriod: number;
    readonly triggers: readonly { readonly type: string; readonly metadata: Labels }[];
  };
}

describe.each(["keda-http", "keda-push"] as const)("%s", (name) => {
  const [scaled] = ofKind<ScaledObject>(name, "ScaledObject");

  test("scales the function between none and one, and says nothing of replicas itself", () => {
    expect(scaled?.spec).toMatchObject({
      scaleTargetRef: { name: "bellwether" },
      minReplicaCount: 0,
      maxReplicaCount: 1,
    });
    expect(workloadOf(name, "bellwether").spec).not.toHaveProperty("replicas");
  });
});

test("keda-http is at zero before the next tick comes", () => {
  const [scaled] = ofKind<ScaledObject>("keda-http", "ScaledObject");
  const { pollingInterval = 0, cooldownPeriod = Number.NaN } = scaled?.spec ?? {};
  expect(pollingInterval + cooldownPeriod).toBeLessThan(tickOf("keda-http"));
});

test("every source of keda-http posts to the interceptor, under the host that its route is for", () => {
  const sinks = [...streamsOf("keda-http"), ...ofKind<Source>("keda-http", "PingSource")].map(({ spec }) => spec.sink);
  expect(sinks).toEqual(sinks.map(() => ({ uri: "http://bellwether-bridge.bellwether.svc:8080/" })));
  const [route] = ofKind<{ readonly spec: object }>("keda-http", "InterceptorRoute");
  expect(route?.spec).toMatchObject({
    target: { service: "bellwether", port: 80 },
    rules: [{ hosts: ["bellwether-bridge.bellwether.svc"] }],
  });
  const bridge = ofKind("keda-http", "Service").find(({ metadata }) => metadata.name === "bellwether-bridge");
  expect(bridge?.["spec"]).toEqual({
    type: "ExternalName",
    externalName: "keda-add-ons-http-interceptor-proxy.keda.svc.cluster.local",
  });
});

const triggersOf = (name: OverlayName): readonly unknown[] =>
  ofKind<ScaledObject>(name, "ScaledObject").flatMap(({ spec }) => spec.triggers);

const push = (namespace: string): unknown => ({
  type: "external-push",
  metadata: { scalerAddress: `bellwether-scaler.${namespace}.svc:9090` },
});

test("KEDA finds the scaler of keda-push, and a second trigger only where it was asked for", () => {
  expect(triggersOf("keda-push")).toEqual([push("bellwether")]);
  expect(triggersOf("keda-push-unlabelled-pods")).toEqual([
    push("data"),
    { type: "kubernetes-workload", metadata: { podSelector: "app=db,!sts-role", value: "1" } },
  ]);
});

describe("standalone", () => {
  test("spreads several instances of the function and of the source, and lets a drain take one at a time", () => {
    const workloads = workloadsOf("standalone");
    expect(workloads.map(({ metadata }) => metadata.name)).toEqual(["bellwether", "bellwether-source"]);
    for (const { spec } of workloads) {
      expect(spec.replicas).toBeGreaterThan(1);
      const spread = spec.template.spec.topologySpreadConstraints ?? [];
      expect(spread.map(({ topologyKey }) => topologyKey)).toContain("kubernetes.io/hostname");
    }
    const budgets = ofKind<Budget>("standalone", "PodDisruptionBudget").map(({ spec }) => spec);
    expect(budgets.map(({ selector }) => selector.matchLabels)).toEqual(workloads.map(podLabelsOf));
    expect(budgets.map(({ maxUnavailable }) => maxUnavailable)).toEqual([1, 1]);
  });

  test("gives an instance time to be forgotten by proxies, and then for its drain of at most 20 s", () => {
    const instances = workloadOf("standalone", "bellwether");
    const { preStop } = containerOf(instances).lifecycle ?? {};
    const grace = instances.spec.template.spec.terminationGracePeriodSeconds ?? 0;
    expect(preStop?.sleep.seconds).toBeGreaterThan(2);
    expect(grace).toBeGreaterThanOrEqual((preStop?.sleep.seconds ?? 0) + 20);
  });

  test("has a source that streams what the ApiServerSources stream, to the function's Service", () => {
    const { command, args = [] } = containerOf(workloadOf("standalone", "bellwether-source"));
    expect(command).toEqual(["node", "build/source.js"]);
    expect(args.slice(0, 2)).toEqual(["--sink=http://bellwether/", "--all-namespaces"]);
    const resources = args.flatMap((arg) => /^--resource=(?<resource>.+)$/.exec(arg)?.groups?.["resource"] ?? []);
    const wanted = streamsOf("knative-warm").flatMap(({ spec }) =>
      spec.resources.map(({ apiVersion, kind, selector }) => {
        const [pair] = Object.entries(selector?.matchLabels ?? {});
        return `${apiVersion}/${kind.toLowerCase()}s${pair === undefined ? "" : `?${pair.join("=")}`}`;
      }),
    );
    expect(resources.toSorted()).toEqual(wanted.toSorted());
  });
});

interface Budget {
  readonly spec: { readonly maxUnavailable: number; readonly selector: { readonly matchLabels: Labels } };
}

interface Role {
  readonly rules: readonly unknown[];
}

describe.each([
  ["knative-namespaced", "knative-warm"],
  ["keda-http-namespaced", "keda-http"],
  ["keda-push-namespaced", "keda-push"],
  ["standalone-namespaced", "standalone"],
] as const)("%s", (name, everywhere) => {
  test("grants what the ClusterRoles would, in the served namespace and nowhere else", () => {
    expect([...ofKind(name, "ClusterRole"), ...ofKind(name, "ClusterRoleBinding")]).toEqual([]);
    const roles = ofKind<Role>(name, "Role");
    expect(new Set(roles.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["data"]));
    expect(roles.map(({ metadata, rules }) => [metadata.name, rules])).toEqual(
      ofKind<Role>(everywhere, "ClusterRole").map(({ metadata, rules }) => [metadata.name, rules]),
    );
  });

  test("has everybody look there and nowhere else", () => {
    const scopes = workloadsOf(name).map((workload) => {
      const { env, args = [] } = containerOf(workload);
      return valueOf(env, "BELLWETHER_NAMESPACES") ?? args.find((arg) => /namespace/.test(arg));
    });
    const others: readonly string[] = name === "standalone-namespaced" ? ["--namespace=data"] : [];
    const scaler: readonly string[] = name === "keda-push-namespaced" ? ["data"] : [];
    expect(scopes).toEqual(["data", ...others, ...scaler]);
  });
});
