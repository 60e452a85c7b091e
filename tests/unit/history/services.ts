/** Hand-made histories of an active/standby Service: each call is one revision, written by the manager that would write it. */
import { isDeepStrictEqual } from "node:util";
import { judge, type Question } from "../../../functions/kit/history/judge.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import type { Verdict } from "../../../functions/kit/history/verdict.ts";
import type { KubeObject, ObjectMeta } from "../../../functions/kit/kube/object.ts";
import { STANDBY_STANDARD } from "../../../infra/observe/scope.ts";

const CONTROLLER = "kube-controller-manager";
const START_MS = Date.UTC(2026, 0, 1);

export const OPTED_IN = { "qoqo.dev/service-mode": "active-standby" };
export const NARROWED = { app: "db", "qoqo.dev/pod-designation": "active" };
export const ROUTED = { app: "db", "bellwether.dev/routed": "slice" };

/** Of Services and of slices of ours, where nothing else is said. */
const TURN = "3";

type Texts = Readonly<Record<string, string>>;

/** `true`: ready. */
type Ready = boolean | undefined;

export interface History {
  readonly revisions: readonly Revision[];
  /** Annotated, with that selector. */
  service(selector: Texts, annotations?: Texts, manager?: string, turn?: string): void;
  /** By pod name. */
  slice(
    name: string,
    pods: Readonly<Record<string, Ready>>,
    told?: { family?: string; exclusive?: boolean; turn?: string; service?: string },
  ): void;
  pod(name: string, labels: Texts, manager: string): void;
  remove(kind: string, name: string): void;
  write(object: Pick<KubeObject, "apiVersion" | "kind">, metadata: Partial<ObjectMeta>, manager: string): void;
  verdict(question?: Question): Verdict;
  /** Of S2: where, and what. */
  found(): readonly string[];
}

const endpointOf = ([name, ready]: readonly [string, Ready]): unknown => ({
  addresses: [`10.0.0.${name.slice(-1)}`],
  conditions: { ready },
  targetRef: { kind: "Pod", name, uid: `uid-${name}` },
});

const metadataOf = (kind: string, name: string): ObjectMeta => ({
  name,
  namespace: "default",
  uid: kind === "Pod" ? `uid-${name}` : `${kind}-${name}`,
  resourceVersion: "",
});

export const createHistory = (): History => {
  const revisions: Revision[] = [];
  const last = new Map<string, KubeObject>();

  const add = (object: KubeObject, manager: string, fields: unknown, type: Revision["type"] = "MODIFIED"): void => {
    const resourceVersion = String(revisions.length + 1);
    const observedAt = START_MS + revisions.length * 1000;
    const time = new Date(observedAt).toISOString();
    const written = { manager, operation: "Update", time, fieldsV1: fields } as const;
    const key = `${object.kind ?? ""} ${object.metadata.name}`;
    // Whoever changes a field owns it from then on.
    const before = last.get(key)?.metadata.managedFields ?? [];
    const others = before.filter((entry) => entry.manager !== manager && !isDeepStrictEqual(entry.fieldsV1, fields));
    const metadata = { ...object.metadata, resourceVersion, managedFields: [...others, written] };
    const next = { ...object, metadata };
    last.set(key, next);
    revisions.push({ type, resourceVersion, object: next, observedAt });
  };
  const history: History = {
    revisions,
    service: (selector, annotations = OPTED_IN, manager = "bellwether", turn = TURN) => {
      const labels = { "bellwether.dev/route-turn": turn };
      const metadata = { ...metadataOf("Service", "db"), annotations, labels };
      add({ apiVersion: "v1", kind: "Service", metadata, spec: { selector } }, manager, { "f:spec": {} });
    },
    slice: (name, pods, { family = "IPv4", exclusive, turn = TURN, service = "db" } = {}) => {
      const isOurs = exclusive !== undefined;
      const labels = { "kubernetes.io/service-name": service, ...(isOurs ? { "bellwether.dev/route": "record" } : {}) };
      const mark = exclusive === true ? { "bellwether.dev/exclusive": "true" } : {};
      const annotations = isOurs ? { "bellwether.dev/route-turn": turn, ...mark } : {};
      const identity = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: family };
      const endpoints = Object.entries(pods).map((entry) => endpointOf(entry));
      const metadata = { ...metadataOf("EndpointSlice", name), labels, annotations };
      add({ ...identity, metadata, endpoints } as KubeObject, isOurs ? "bellwether" : CONTROLLER, {
        "f:endpoints": {},
      });
    },
    pod: (name, labels, manager) => {
      const fields = { "f:metadata": { "f:labels": { "f:qoqo.dev/pod-designation": {} } } };
      add({ apiVersion: "v1", kind: "Pod", metadata: { ...metadataOf("Pod", name), labels } }, manager, fields);
    },
    remove: (kind, name) => {
      const object = last.get(`${kind} ${name}`);
      if (object === undefined) throw new Error(`${kind} ${name} was never written`);
      add(object, CONTROLLER, {}, "DELETED");
    },
    write: ({ apiVersion, kind = "" }, metadata, manager) => {
      const identity = { ...metadataOf(kind, metadata.name ?? "other"), ...metadata };
      add({ apiVersion, kind, metadata: identity } as KubeObject, manager, { "f:metadata": {} });
    },
    verdict: (question = STANDBY_STANDARD) => judge(revisions, question),
    found: () =>
      history
        .verdict()
        .violations.filter(({ invariant }) => invariant === "S2")
        .map(({ resourceVersion, message }) => `${resourceVersion} ${message}`),
  };
  return history;
};

/** Label mode, led to db-0 after four revisions. */
export const createNarrowed = (): History => {
  const history = createHistory();
  history.service({ app: "db" }, OPTED_IN, "kubectl");
  history.slice("db-a", { "db-0": true, "db-1": true });
  history.service(NARROWED);
  history.slice("db-a", { "db-0": true });
  return history;
};

/** Route mode, led to db-0 after six revisions. */
export const createRouted = (): History => {
  const history = createHistory();
  history.service({ app: "db" }, OPTED_IN, "kubectl");
  history.slice("db-a", { "db-0": true, "db-1": true });
  history.slice("ours", { "db-0": true }, { exclusive: false });
  history.service(ROUTED);
  history.slice("db-a", {});
  history.slice("ours", { "db-0": true }, { exclusive: true });
  return history;
};
