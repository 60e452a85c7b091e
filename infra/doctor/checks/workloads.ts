/** Whether the function runs, or is at zero where it may be, and whether what sends it events runs. */
import type { Check } from "../check.ts";
import { error, type Finding } from "../finding.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Workload } from "../installation.ts";
import { nameOf, unreadiness } from "../snapshot.ts";

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
  reads: ["knativeServices", "deployments"],
  fine: "the function is Ready or asleep, and what sends it events is Ready",
  run: (_, installation) => {
    if (installation === undefined) return undefined;
    const { form, fn, source, scaler } = installation;
    if (form.startsWith("knative/")) return knativeFindings(fn);
    return [
      ...deploymentFindings(fn, { mayBeZero: form.startsWith("keda/") }),
      ...[source, scaler].flatMap((part) => (part === undefined ? [] : deploymentFindings(part, { mayBeZero: false }))),
    ];
  },
};
