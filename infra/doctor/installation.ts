/** Which of the forms of docs/install.md is there, and of which parts it consists: the function, and what sends it events. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { Account, Snapshot } from "./snapshot.ts";

export type Form = "knative/warm" | "knative/cold" | "knative/broker" | "keda/http" | "keda/push" | "standalone";

/** In every form. */
export const FUNCTION = "bellwether";

export interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly envFrom?: readonly object[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
}

interface Template {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly serviceAccountName?: string; readonly containers?: readonly Container[] };
}

/** A Deployment, or a Knative Service, of ours. */
export interface Workload {
  readonly object: KubeObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly account: Account;
  readonly container: Container;
}

export interface Installation {
  readonly form: Form;
  readonly fn: Workload;
  /** Of standalone. */
  readonly source: Workload | undefined;
  /** Of keda/push. */
  readonly scaler: Workload | undefined;
  /** Deployed by the func CLI. */
  readonly byFunc: boolean;
}

const accountOf = ({ metadata: { namespace = "" } }: KubeObject, { spec }: Template): Account => ({
  namespace,
  name: spec?.serviceAccountName ?? "default",
});

const workloadOf = (object: KubeObject): Workload => {
  const { template = {} } = (object.spec ?? {}) as { readonly template?: Template };
  const { labels = {}, annotations = {} } = template.metadata ?? {};
  const [container = { name: "" }] = template.spec?.containers ?? [];
  return { object, labels, annotations, account: accountOf(object, template), container };
};

const named = (objects: readonly KubeObject[], name: string): Workload | undefined => {
  const object = objects.find(({ metadata }) => metadata.name === name);
  return object === undefined ? undefined : workloadOf(object);
};

interface Sink {
  readonly sink?: { readonly ref?: { readonly kind?: string } };
}

const isKeptWarm = ({ annotations }: Workload): boolean =>
  Number(annotations["autoscaling.knative.dev/min-scale"] ?? annotations["autoscaling.knative.dev/minScale"] ?? 0) > 0;

const knativeForm = (fn: Workload, { own }: Snapshot): Form => {
  const hasBroker = own.apiServerSources.some(({ spec }) => ((spec ?? {}) as Sink).sink?.ref?.kind === "Broker");
  if (hasBroker) return "knative/broker";
  return isKeptWarm(fn) ? "knative/warm" : "knative/cold";
};

const isOfFunc = ({ metadata }: KubeObject): boolean =>
  Object.keys(metadata.labels ?? {}).some((key) => key.startsWith("function.knative.dev"));

/** Undefined: there is no function at all. */
export const installationOf = (snapshot: Snapshot): Installation | undefined => {
  const { own } = snapshot;
  const knative = named(own.knativeServices, FUNCTION);
  const fn = knative ?? named(own.deployments, FUNCTION);
  if (fn === undefined) return undefined;
  const source = named(own.deployments, "bellwether-source");
  const scaler = named(own.deployments, "bellwether-scaler");
  const parts = { fn, source, scaler, byFunc: isOfFunc(fn.object) };
  if (knative !== undefined) return { ...parts, form: knativeForm(knative, snapshot) };
  if (scaler !== undefined) return { ...parts, form: "keda/push" };
  const isThroughInterceptor = own.apiServerSources.length > 0 || own.interceptorRoutes.length > 0;
  return { ...parts, form: isThroughInterceptor ? "keda/http" : "standalone" };
};

/** No instance runs while nothing happens, so that everything first waits for one to start. */
export const maySleep = ({ form, fn }: Installation): boolean =>
  form.startsWith("keda/") || (form.startsWith("knative/") && !isKeptWarm(fn));

/** What installs the form again, as it was meant. */
export const applyCommand = ({ form }: Installation): string => `kubectl apply -k infra/${form}`;
