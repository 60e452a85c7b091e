/**
 * What the API server adds to objects of the built-in kinds: the defaults that readers of pods, sets and Services see.
 * Probes, environment references and volumes keep the fields that they came with.
 */
import type { Fields } from "./json.ts";
import { fieldsOf, listIn, omit, withDefaults } from "./json.ts";

const mapped = (value: unknown, change: (item: Fields) => Fields): unknown =>
  Array.isArray(value) ? value.map((item) => change(fieldsOf(item))) : value;

const pullPolicy = (image: unknown): string => {
  const tag = typeof image === "string" ? image.slice(image.lastIndexOf("/") + 1).split(/[:@]/)[1] : undefined;
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
};

const container = (given: Fields): Fields => {
  const complete = withDefaults(given, {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: pullPolicy(given["image"]),
  });
  if (!Array.isArray(given["ports"])) return complete;
  return {
    ...complete,
    ports: mapped(given["ports"], (port) => withDefaults(port, { protocol: "TCP" })),
  };
};

const podSpec = (given: Fields): Fields => ({
  ...withDefaults(given, {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    securityContext: {},
    schedulerName: "default-scheduler",
  }),
  containers: mapped(given["containers"], container),
});

/** Seconds that a pod stays on a node that is not ready or not reachable. */
const TOLERATION_SECONDS = 300;
const NODE_TROUBLES = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;

const tolerations = (given: unknown): readonly unknown[] => {
  const own = listIn(given);
  const keys = new Set(own.map((toleration) => fieldsOf(toleration)["key"]));
  const missing = NODE_TROUBLES.filter((key) => !keys.has(key));
  return [
    ...own,
    ...missing.map((key) => ({
      key,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: TOLERATION_SECONDS,
    })),
  ];
};

const hasResources = (item: unknown): boolean => Object.keys(fieldsOf(fieldsOf(item)["resources"])).length > 0;

const podStatus = (given: Fields, spec: Fields): Fields => {
  const qosClass = listIn(spec["containers"]).some(hasResources) ? "Burstable" : "BestEffort";
  const complete = withDefaults(given, { phase: "Pending", qosClass });
  if (!Array.isArray(given["conditions"])) return complete;
  const conditions = mapped(given["conditions"], (condition) =>
    withDefaults(condition, { lastProbeTime: null, lastTransitionTime: null }),
  );
  return { ...complete, conditions };
};

const pod = (given: Fields): Fields => {
  const spec = {
    ...withDefaults(podSpec(fieldsOf(given["spec"])), {
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    }),
    tolerations: tolerations(fieldsOf(given["spec"])["tolerations"]),
  };
  return { ...given, spec, status: podStatus(fieldsOf(given["status"]), spec) };
};

const statefulSet = (given: Fields): Fields => {
  const spec = fieldsOf(given["spec"]);
  const template = fieldsOf(spec["template"]);
  const strategy = withDefaults(fieldsOf(spec["updateStrategy"]), { type: "RollingUpdate" });
  const rollingUpdate = withDefaults(fieldsOf(strategy["rollingUpdate"]), { partition: 0 });
  const complete = withDefaults(spec, {
    replicas: 1,
    podManagementPolicy: "OrderedReady",
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
  });
  return {
    ...given,
    spec: {
      ...complete,
      updateStrategy: strategy["type"] === "RollingUpdate" ? { ...strategy, rollingUpdate } : strategy,
      template: { ...template, spec: podSpec(fieldsOf(template["spec"])) },
    },
    status: withDefaults(fieldsOf(given["status"]), { replicas: 0, availableReplicas: 0 }),
  };
};

const clusterIp = (revision: number): string => `10.96.${(revision >> 8) & 255}.${revision & 255}`;

const service = (given: Fields, revision: number): Fields => {
  const spec = fieldsOf(given["spec"]);
  const address = spec["clusterIP"] ?? clusterIp(revision);
  const complete = withDefaults(spec, {
    clusterIP: address,
    clusterIPs: [address],
    type: "ClusterIP",
    sessionAffinity: "None",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
    internalTrafficPolicy: "Cluster",
  });
  const ports = mapped(spec["ports"], (port) => withDefaults(port, { protocol: "TCP", targetPort: port["port"] }));
  return {
    ...given,
    spec: ports === undefined ? complete : { ...complete, ports },
    status: withDefaults(fieldsOf(given["status"]), { loadBalancer: {} }),
  };
};

const emptyAsNull = (value: unknown): unknown => (listIn(value).length === 0 ? null : value);

const endpointSlice = (given: Fields): Fields => ({
  ...given,
  endpoints: emptyAsNull(mapped(given["endpoints"], (endpoint) => withDefaults(endpoint, { conditions: {} }))),
  ports: emptyAsNull(mapped(given["ports"], (port) => withDefaults(port, { protocol: "TCP" }))),
});

const namespace = (given: Fields): Fields => ({
  ...given,
  spec: withDefaults(fieldsOf(given["spec"]), { finalizers: ["kubernetes"] }),
  status: withDefaults(fieldsOf(given["status"]), { phase: "Active" }),
});

const event = (given: Fields): Fields =>
  withDefaults(given, {
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  });

const configMap = (given: Fields): Fields =>
  Object.keys(fieldsOf(given["data"])).length === 0 ? omit(given, "data") : given;

const DEFAULTS: Readonly<Record<string, (given: Fields, revision: number) => Fields>> = {
  Pod: pod,
  StatefulSet: statefulSet,
  Service: service,
  EndpointSlice: endpointSlice,
  Namespace: namespace,
  Event: event,
  ConfigMap: configMap,
  Node: (given) => ({ ...given, spec: fieldsOf(given["spec"]), status: fieldsOf(given["status"]) }),
};

/** The object with its kind's defaults. `revision` makes the addresses of Services unique. */
export const complete = (kind: string, given: Fields, revision: number): Fields =>
  DEFAULTS[kind]?.(given, revision) ?? given;
