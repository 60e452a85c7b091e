/** Hand-made histories: any write by any manager on a memory API, one second apart, and the writes of a hand-over. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { LOCKS, ROLES, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
import {
  EPOCH_ANNOTATION,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
} from "../../../functions/kit/handover/names.ts";
import { judge, type Standard } from "../../../functions/kit/history/judge.ts";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import type { Verdict } from "../../../functions/kit/history/verdict.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { apiVersionOf, LEASES, listRequest, PODS, type Resource } from "../../../functions/kit/kube/request.ts";
import { createMemoryApi } from "../../../infra/lab/memory/api.ts";
import { observeMemory } from "../../../infra/lab/observer.ts";

const START_MS = Date.UTC(2026, 0, 1);
const LOCK_CRD = new URL("../../../infra/crds/statefulsetlocks.yaml", import.meta.url);

/** uid of the StatefulSet that owns the pods: the group. */
export const GROUP = "5e7";
export const OURS = "bellwether";

type Texts = Readonly<Record<string, string | null>>;

interface Write {
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Default: ours. */
  readonly by?: string;
}

type Kind = "Pod" | "Lease" | "StatefulSetLock";

const KINDS: Readonly<Record<Kind, Resource>> = { Pod: PODS, Lease: LEASES, StatefulSetLock: LOCKS };

const pathOf = (kind: Kind): string => listRequest(KINDS[kind], { namespace: "default" }).path;

export interface Scene {
  readonly revisions: readonly Revision[];
  readonly verdict: (standard?: Partial<Standard>) => Verdict;
  create(kind: Kind, name: string, write: Write): KubeObject;
  patch(kind: Kind, name: string, write: Write): KubeObject;
  remove(kind: Kind, name: string): void;
  /** A pod of the StatefulSet, created by its controller. */
  pod(name: string, write?: Write): KubeObject;
  /** As the kubelet reports it. */
  setReady(name: string, ready: boolean): void;
  uidOf(kind: Kind, name: string): string;
  enrol(...names: readonly string[]): void;
  /** Creates or changes the record `lease`, for the lock of that name if it exists, so that it names the pod; undefined: nobody. */
  assign(name: string | undefined, epoch: number, write?: Pick<Write, "spec"> & { readonly lock?: string }): void;
  /** Keeps holder and epoch; default: for the lock `lock`. */
  renew(lock?: string): void;
  fence(name: string, epoch: number): void;
  promote(name: string, epoch: number): void;
  /** A whole hand-over: assignment, fences, promotion. */
  handOver(to: string, epoch: number, others: readonly string[]): void;
}

const RECORD_LABELS = { [MANAGED_BY_LABEL]: MANAGED_BY, [FEATURE_LABEL]: ROLES.feature, [GROUP_LABEL]: GROUP };

const POD_SPEC = { containers: [{ name: "main", image: "example.invalid/main" }] };
const OWNER = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: GROUP, controller: true };

/** Annotations by which we fence or promote. */
export const stamp = (epoch: number, record: string): Readonly<Record<string, string>> => ({
  "bellwether.dev/election.epoch": String(epoch),
  "bellwether.dev/election.record": record,
});

export const token = (epoch: number): Readonly<Record<string, string>> => ({
  "bellwether.dev/election.token": String(epoch),
});

type Send = (method: string, path: string, body: unknown, by?: string) => KubeObject | undefined;

const createApi = (): { readonly revisions: readonly Revision[]; readonly send: Send } => {
  let now = START_MS;
  const api = createMemoryApi({ now: () => now, crds: [parse(readFileSync(LOCK_CRD, "utf8"))] });
  const { revisions } = observeMemory(api);
  const send: Send = (method, path, body, by = OURS) => {
    if (method !== "GET") now += 1000;
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const { status, body: answer } = api.handle({ method, path, contentType, body }, { manager: by });
    if (status === 404) return undefined;
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(answer)}`);
    return answer as KubeObject;
  };
  return { revisions, send };
};

const found = (object: KubeObject | undefined, name: string): KubeObject => {
  if (object === undefined) throw new Error(`${name} does not exist`);
  return object;
};

const writesOf = (send: Send): Pick<Scene, "create" | "patch" | "remove" | "pod" | "setReady" | "uidOf"> => {
  const create: Scene["create"] = (kind, name, { labels, annotations, spec, by }) => {
    const identity = { apiVersion: apiVersionOf(KINDS[kind]), kind };
    const body = { ...identity, metadata: { name, labels, annotations }, spec };
    return found(send("POST", pathOf(kind), body, by), name);
  };
  return {
    create,
    patch: (kind, name, { labels, annotations, spec, by }) => {
      const body = { metadata: { labels, annotations }, spec };
      return found(send("PATCH", `${pathOf(kind)}/${name}`, body, by), name);
    },
    remove: (kind, name) => {
      send("DELETE", `${pathOf(kind)}/${name}`, undefined);
    },
    pod: (name, { labels, annotations, by = "kube-controller-manager" } = {}) => {
      const metadata = { name, labels: { app: "db", ...labels }, annotations, ownerReferences: [OWNER] };
      return found(send("POST", pathOf("Pod"), { metadata, spec: POD_SPEC }, by), name);
    },
    setReady: (name, ready) => {
      const status = { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] };
      send("PATCH", `${pathOf("Pod")}/${name}/status`, { status }, "kubelet");
    },
    uidOf: (kind, name) => found(send("GET", `${pathOf(kind)}/${name}`, undefined), name).metadata.uid,
  };
};

/** As it has to be counted when the Lease gets this holder. */
const transitionsOf = (lease: KubeObject | undefined, uid: string): number => {
  if (lease === undefined) return 0;
  const { leaseTransitions = 0 } = lease.spec as { leaseTransitions?: number };
  return lease.metadata.annotations?.[HOLDER_UID_ANNOTATION] === uid ? leaseTransitions : leaseTransitions + 1;
};

export const createScene = (): Scene => {
  const { revisions, send } = createApi();
  const writes = writesOf(send);
  const { patch, uidOf, create } = writes;
  let renewals = 0;
  const stampNow = (epoch: number): Readonly<Record<string, string>> => stamp(epoch, uidOf("Lease", "lease"));
  const owner = (lock = "lock"): Readonly<Record<string, string>> => {
    const uid = send("GET", `${pathOf("StatefulSetLock")}/${lock}`, undefined)?.metadata.uid;
    return uid === undefined ? {} : { [OWNER_ANNOTATION]: `default/${lock}/${uid}` };
  };
  const assign: Scene["assign"] = (name, epoch, write = {}) => {
    const lease = send("GET", `${pathOf("Lease")}/lease`, undefined);
    const uid = name === undefined ? "" : uidOf("Pod", name);
    const next: Write = {
      labels: RECORD_LABELS,
      annotations: { ...owner(write.lock), [HOLDER_UID_ANNOTATION]: uid, [EPOCH_ANNOTATION]: String(epoch) },
      spec: {
        leaseDurationSeconds: 30,
        holderIdentity: name ?? "",
        leaseTransitions: transitionsOf(lease, uid),
        ...write.spec,
      },
    };
    if (lease === undefined) create("Lease", "lease", next);
    else patch("Lease", "lease", next);
  };
  const fence: Scene["fence"] = (name, epoch) => {
    const annotations = { ...stampNow(epoch), "bellwether.dev/election.token": null };
    patch("Pod", name, { labels: { "sts-role": "reader" }, annotations });
  };
  const promote: Scene["promote"] = (name, epoch) => {
    patch("Pod", name, { labels: { "sts-role": "writer" }, annotations: { ...stampNow(epoch), ...token(epoch) } });
  };
  return {
    revisions,
    ...writes,
    verdict: (standard = {}) =>
      judge(revisions, { roles: ROLES, switchoverAnnotation: SWITCHOVER_ANNOTATION, ...standard }),
    enrol: (...names) => {
      for (const name of names)
        patch("Pod", name, { labels: { "bellwether.dev/election": GROUP, "sts-role": "reader" } });
    },
    assign,
    renew: (lock) => {
      renewals += 1;
      patch("Lease", "lease", { annotations: owner(lock), spec: { renewTime: microTime(START_MS + renewals) } });
    },
    fence,
    promote,
    handOver: (to, epoch, others) => {
      assign(to, epoch);
      for (const other of others) fence(other, epoch);
      promote(to, epoch);
    },
  };
};

/** Two enrolled pods, of which db-0 was made the writer under epoch 10. */
export const createElected = (): Scene => {
  const scene = createScene();
  scene.pod("db-0");
  scene.pod("db-1");
  scene.enrol("db-0", "db-1");
  scene.handOver("db-0", 10, ["db-1"]);
  return scene;
};

/** Violations as `<invariant> <object> <message>`. */
export const findings = (scene: Scene): readonly string[] =>
  scene.verdict().violations.map(({ invariant, object, message }) => `${invariant} ${object} ${message}`);
