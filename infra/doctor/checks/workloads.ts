/** Whether the function runs, or is started when there is work, and whether what sends it events runs. */
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { applyCommand, FUNCTION, type Installation, type Workload } from "../installation.ts";
import { OWN } from "../resources.ts";
import { isServed, nameOf, unreadiness, type Snapshot } from "../snapshot.ts";

interface Deployed {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

const inspect = ({ metadata, kind = "" }: KubeObject): string =>
  `kubectl -n ${metadata.namespace ?? ""} describe ${kind === "Service" ? "ksvc" : kind.toLowerCase()} ${metadata.name}`;

const atZero = (object: KubeObject): Finding =>
  error({
    object: nameOf(object),
    field: "spec.replicas",
    got: "0",
    accepted: "at least 1",
    remedy: `kubectl -n ${object.metadata.namespace ?? ""} scale deployment ${object.metadata.name} --replicas=1`,
  });

const deploymentFindings = (
  { object }: Workload,
  { mayBeZero }: { readonly mayBeZero: boolean },
): readonly Finding[] => {
  const { spec, status } = object as Deployed;
  const replicas = spec?.replicas ?? 1;
  if ((status?.readyReplicas ?? 0) > 0) return [];
  if (replicas === 0) return mayBeZero ? [] : [atZero(object)];
  const got = `0 of ${replicas}`;
  const field = "status.readyReplicas";
  return [error({ object: nameOf(object), field, got, accepted: "at least 1", remedy: inspect(object) })];
};

const PAUSED = [
  "autoscaling.keda.sh/paused",
  "autoscaling.keda.sh/paused-replicas",
  "autoscaling.keda.sh/paused-scale-out",
];

interface Scaled {
  readonly scaleTargetRef?: { readonly name?: string };
}

/** Who wakes the function. */
const scaledObjectFindings = ({ own, namespace }: Snapshot, installation: Installation): readonly Finding[] => {
  const target = `scaleTargetRef to Deployment ${FUNCTION}`;
  const scaled = own.scaledObjects.find(({ spec }) => ((spec ?? {}) as Scaled).scaleTargetRef?.name === FUNCTION);
  if (scaled === undefined) {
    const field = "ScaledObject";
    const got = `none with ${target}`;
    return [
      error({ object: `Namespace ${namespace}`, field, got, accepted: "one", remedy: applyCommand(installation) }),
    ];
  }
  const object = nameOf(scaled);
  const reason = unreadiness(scaled);
  const unready =
    reason === undefined
      ? []
      : [error({ object, field: "status.conditions[Ready]", got: reason, accepted: "True", remedy: inspect(scaled) })];
  const paused = PAUSED.filter((annotation) => scaled.metadata.annotations?.[annotation] !== undefined).map(
    (annotation) =>
      error({
        object,
        field: `annotation ${annotation}`,
        got: JSON.stringify(scaled.metadata.annotations?.[annotation]),
        accepted: "absent: nobody is woken",
        remedy: `kubectl -n ${namespace} annotate scaledobject ${scaled.metadata.name} ${annotation}-`,
      }),
  );
  return [...unready, ...paused];
};

const knativeFindings = ({ object }: Workload): readonly Finding[] => {
  const reason = unreadiness(object);
  return reason === undefined
    ? []
    : [
        error({
          object: nameOf(object),
          field: "status.conditions[Ready]",
          got: reason,
          accepted: "True",
          remedy: inspect(object),
        }),
      ];
};

export const workloads: Check = {
  name: "workloads",
  reads: ["knativeServices", "deployments", "scaledObjects"],
  fine: "the function is Ready, and so is what starts it and what sends it events",
  run: (snapshot, installation) => {
    if (installation === undefined) return undefined;
    const { form, fn, source, scaler } = installation;
    if (form.startsWith("knative/")) return knativeFindings(fn);
    const isScaled = form.startsWith("keda/");
    return [
      ...deploymentFindings(fn, { mayBeZero: isScaled }),
      ...(isScaled && isServed(snapshot, OWN.scaledObjects) ? scaledObjectFindings(snapshot, installation) : []),
      ...[source, scaler].flatMap((part) => (part === undefined ? [] : deploymentFindings(part, { mayBeZero: false }))),
    ];
  },
};
