/** Checkers and their pods as this feature sees them; what a user wrote wrongly becomes a message, never a guess. */
import type { Condition } from "../kit/conditions.ts";
import { hasFinalizer } from "../kit/finalizers.ts";
import type { Claim } from "../kit/group/claim.ts";
import type { Subject } from "../kit/group/subject.ts";
import { parseEpoch } from "../kit/handover/epoch.ts";
import type { KubeObject, ObjectMeta } from "../kit/kube/object.ts";
import { viewCandidate, type Candidate } from "../kit/pods/candidate.ts";
import { isMember, type SetView } from "../kit/pods/stateful-set.ts";
import { flagProblems, nameProblems, problem, textOf, wholeNumberProblems } from "../kit/spec.ts";
import { CHECKERS, FINALIZER, recordName, ROLES } from "./labels.ts";

const PORT = { from: 1, to: 65_535 };
const TIMEOUT_MS = { from: 100, to: 10_000 };
const DEFAULT_TIMEOUT_MS = 1_000;
const INTERVAL_SECONDS = { from: 1, to: 3600 };
const DEFAULT_INTERVAL_SECONDS = 10;
const LEAST_LEASE_SECONDS = 30;

/** How a pod is reached: by its IP address, or by the name that it has under the governing Service of its set. */
export type Addressing = "PodIP" | "DNS";

/** Where the certificates are, and what the applications' own must be for. */
export interface TlsRef {
  readonly secretName: string;
  /** Undefined: the host that is dialled. */
  readonly serverName: string | undefined;
}

export interface CheckerStatus {
  readonly leaderNode: string;
  /** RFC 3339: when a role label last changed; undefined: never. */
  readonly lastUpdated: string | undefined;
  readonly epoch: number | undefined;
  readonly observedGeneration: number | undefined;
  readonly conditions: readonly Condition[];
}

export interface CheckerView {
  readonly metadata: ObjectMeta;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly statefulSetName: string;
  /** Namespace of the StatefulSet, its pods and the record. */
  readonly setNamespace: string;
  readonly leaseName: string;
  readonly rpcPort: number;
  /** True: nobody is asked. */
  readonly localDev: boolean;
  readonly tls: TlsRef | undefined;
  readonly timeoutMs: number;
  readonly intervalSeconds: number;
  readonly addressing: Addressing;
  readonly deleting: boolean;
  /** Deleted, and our part of it is done: only somebody else's finalizer keeps it. */
  readonly ended: boolean;
  readonly status: CheckerStatus;
  /** What is wrong with the spec: each names the field, what it got and what it accepts. */
  readonly problems: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const unless = (value: unknown, problems: (value: unknown) => readonly string[]): readonly string[] =>
  value === undefined ? [] : problems(value);

const tlsProblems = (value: unknown): readonly string[] => {
  if (typeof value !== "object" || value === null) return [problem("spec.tls", value, "an object with secretName")];
  const { secretName, serverName } = value as Fields;
  return [
    ...nameProblems("spec.tls.secretName", secretName),
    ...unless(serverName, (name) => nameProblems("spec.tls.serverName", name)),
  ];
};

const specProblems = (spec: Fields): readonly string[] => [
  ...nameProblems("spec.statefulSetName", spec["statefulSetName"]),
  ...nameProblems("spec.namespace", spec["namespace"]),
  ...wholeNumberProblems("spec.rpcPort", spec["rpcPort"], PORT),
  ...flagProblems("spec.localDev", spec["localDev"]),
  ...unless(spec["tls"], tlsProblems),
  ...unless(spec["timeoutMilliseconds"], (value) => wholeNumberProblems("spec.timeoutMilliseconds", value, TIMEOUT_MS)),
  ...unless(spec["intervalSeconds"], (value) => wholeNumberProblems("spec.intervalSeconds", value, INTERVAL_SECONDS)),
  ...unless(spec["addressing"], (value) =>
    value === "PodIP" || value === "DNS" ? [] : [problem("spec.addressing", value, "PodIP or DNS")],
  ),
];

const viewTls = (value: unknown): TlsRef | undefined => {
  if (value === undefined) return undefined;
  const { secretName, serverName } = (value ?? {}) as Fields;
  return { secretName: textOf(secretName), serverName: serverName === undefined ? undefined : textOf(serverName) };
};

const viewStatus = (status: Fields, now: number): CheckerStatus => ({
  leaderNode: textOf(status["leaderNode"]),
  lastUpdated: typeof status["lastUpdated"] === "string" ? status["lastUpdated"] : undefined,
  epoch: parseEpoch(typeof status["epoch"] === "number" ? String(status["epoch"]) : undefined, now),
  observedGeneration: typeof status["observedGeneration"] === "number" ? status["observedGeneration"] : undefined,
  conditions: Array.isArray(status["conditions"]) ? (status["conditions"] as readonly Condition[]) : [],
});

export const viewChecker = (checker: KubeObject, now: number): CheckerView => {
  const { metadata } = checker;
  const spec = (checker.spec ?? {}) as Fields;
  const { timeoutMilliseconds = DEFAULT_TIMEOUT_MS, intervalSeconds = DEFAULT_INTERVAL_SECONDS } = spec;
  return {
    metadata,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    statefulSetName: textOf(spec["statefulSetName"]),
    setNamespace: textOf(spec["namespace"]),
    leaseName: recordName(metadata.uid),
    rpcPort: Number(spec["rpcPort"]),
    localDev: spec["localDev"] === true,
    tls: viewTls(spec["tls"]),
    timeoutMs: Number(timeoutMilliseconds),
    intervalSeconds: Number(intervalSeconds),
    addressing: spec["addressing"] === "DNS" ? "DNS" : "PodIP",
    deleting: metadata.deletionTimestamp !== undefined,
    ended: metadata.deletionTimestamp !== undefined && !hasFinalizer(metadata, FINALIZER),
    status: viewStatus((checker.status ?? {}) as Fields, now),
    problems: specProblems(spec),
  };
};

export const ownerOf = ({ namespace, name, uid }: CheckerView): Subject => ({
  resource: CHECKERS,
  noun: "checker",
  namespace,
  name,
  uid,
});

export const claimOf = (checker: CheckerView): Claim => ({
  subject: ownerOf(checker),
  metadata: checker.metadata,
  finalizer: FINALIZER,
});

/** `set` undefined: no pod is a member. */
export const viewRolesPod = (pod: KubeObject, set: SetView | undefined, now: number): Candidate =>
  viewCandidate(pod, ROLES, { member: isMember(pod, set), now });

/** Duration of a record: nobody can set it, so it is one that every tick keeps (design section 4) and is seldom renewed. */
export const leaseSecondsFor = (tickSeconds: number): number => Math.max(LEAST_LEASE_SECONDS, 4 * tickSeconds);
