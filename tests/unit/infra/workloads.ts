/** What an overlay deploys, as its golden file shows it: Deployments and Knative Services as one shape, and what surrounds them. */
import type { Manifest } from "../../../infra/lab/manifests.ts";
import { objectsOf, type OverlayName } from "../../integration/platform/golden/overlays.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Env {
  readonly name: string;
  readonly value: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env?: readonly Env[];
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly cpu: string; readonly memory: string };
  };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string }; readonly periodSeconds?: number };
  readonly livenessProbe?: { readonly httpGet: { readonly path: string } };
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly containerConcurrency?: number;
  readonly timeoutSeconds?: number;
  readonly terminationGracePeriodSeconds?: number;
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly [Container, ...Container[]];
  readonly [field: string]: unknown;
}

export interface Workload extends Manifest {
  readonly metadata: Manifest["metadata"] & { readonly annotations?: Labels; readonly labels: Labels };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Labels; readonly labels: Labels };
      readonly spec: PodSpec;
    };
  };
}

const isWorkload = ({ apiVersion, kind }: Manifest): boolean =>
  kind === "Deployment" || apiVersion === "serving.knative.dev/v1";

/** What makes pods of ours. */
export const workloadsOf = (name: OverlayName): readonly Workload[] =>
  objectsOf(name).filter(isWorkload) as unknown as readonly Workload[];

/** The one that is called so. */
export const workloadOf = (overlay: OverlayName, name: string): Workload => {
  const found = workloadsOf(overlay).find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`${overlay} has no workload ${name}`);
  return found;
};

export const podLabelsOf = ({ spec }: Workload): Labels => spec.template.metadata.labels;

export const containerOf = ({ spec }: Workload): Container => spec.template.spec.containers[0];

export const valueOf = (envs: readonly Env[] | undefined, name: string): string | undefined =>
  envs?.find((variable) => variable.name === name)?.value;

/** Objects of a kind; of one group where several have the kind. */
// oxlint-disable-next-line no-unnecessary-type-parameters -- says what the caller reads, as a cast at each of them would
export const ofKind = <T = Manifest>(name: OverlayName, kind: string, group = ""): readonly (Manifest & T)[] =>
  objectsOf(name).filter(
    (object) => object.kind === kind && object.apiVersion.startsWith(group),
  ) as unknown as readonly (Manifest & T)[];

export interface Source {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly mode: string;
    readonly serviceAccountName: string;
    readonly namespaceSelector: object;
    readonly schedule: string;
    readonly resources: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly selector?: { readonly matchLabels: Labels };
    }[];
    readonly sink: { readonly ref?: { readonly kind: string; readonly name: string }; readonly uri?: string };
  };
}

/** ApiServerSources. */
export const streamsOf = (name: OverlayName): readonly Source[] => ofKind<Source>(name, "ApiServerSource");

/** Cron expressions of whatever sends ticks: a PingSource, or our own source. */
export const schedulesOf = (name: OverlayName): readonly string[] => [
  ...ofKind<Source>(name, "PingSource").map(({ spec }) => spec.schedule),
  ...workloadsOf(name).flatMap((workload) =>
    (containerOf(workload).args ?? []).flatMap((arg) => /^--schedule=(?<cron>.+)$/.exec(arg)?.groups?.["cron"] ?? []),
  ),
];

/** Period in seconds of a six-field cron expression, if it is one of the two kinds that the manifests use. */
export const periodOf = (cron: string): number | undefined => {
  if (cron === "0 * * * * *") return 60;
  const seconds = /^\*\/(?<seconds>[0-9]+) \* \* \* \* \*$/.exec(cron)?.groups?.["seconds"];
  return seconds === undefined || 60 % Number(seconds) !== 0 ? undefined : Number(seconds);
};

/** `1m30s`, `60s` or `10s` in seconds. */
export const secondsOf = (duration: string): number => {
  const { minutes = "0", seconds = "0" } = /^(?:(?<minutes>\d+)m)?(?:(?<seconds>\d+)s)?$/.exec(duration)?.groups ?? {};
  return Number(minutes) * 60 + Number(seconds);
};
