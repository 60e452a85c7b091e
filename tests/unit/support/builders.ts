/** Raw objects with everything filled in, so that a test names only what it is about; and the same objects as the election sees them. */
import {
  EPOCH_ANNOTATION,
  enrolmentLabel,
  FEATURE_LABEL,
  GROUP_LABEL,
  HOLDER_UID_ANNOTATION,
  MANAGED_BY,
  MANAGED_BY_LABEL,
  OWNER_ANNOTATION,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../../functions/kit/handover/names.ts";
import { viewRecord, type RecordView } from "../../../functions/kit/handover/model.ts";
import type { KubeObject, ManagedFieldsEntry } from "../../../functions/kit/kube/object.ts";
import { microTime } from "../../../functions/kit/kube/micro-time.ts";
import { ROLES, SWITCHOVER_ANNOTATION } from "../../../functions/election/labels.ts";
import { viewElectionPod, viewLock, type LockView } from "../../../functions/election/model.ts";
import { type Candidate, PRIORITY_ANNOTATION } from "../../../functions/kit/pods/candidate.ts";
import { type SetView, viewSet } from "../../../functions/kit/pods/stateful-set.ts";

/** The server's clock in tests, milliseconds since 1970. */
export const NOW: number = Date.UTC(2026, 0, 1);
/** Seconds between 2020-01-01 and `NOW`: the smallest new epoch. */
export const FLOOR = 189_388_800;
/** Epoch of the record in tests, an hour old. */
export const EPOCH: number = FLOOR - 3600;

export const NAMESPACE = "default";
export const SET_NAME = "db";
export const SET_UID = "uid-of-set";
export const LOCK_NAME = "db-lock";
export const LOCK_UID = "uid-of-lock";
export const LEASE_NAME = "db-lease";
export const LEASE_UID = "uid-of-lease";

type Texts = Readonly<Record<string, string>>;

/** Drops what is undefined, as JSON does. */
const texts = (entries: Readonly<Record<string, string | undefined>>): Texts =>
  Object.fromEntries(Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

export interface PodOptions {
  readonly name?: string;
  readonly uid?: string;
  readonly version?: number;
  readonly ready?: boolean;
  readonly terminating?: boolean;
  readonly phase?: string;
  readonly role?: string | undefined;
  /** Value of the enrolment label; null: not enrolled. */
  readonly group?: string | null;
  /** Text of the stamp's epoch, or its number. */
  readonly epoch?: string | number | undefined;
  /** The Lease of the stamp; null: the annotation is missing. */
  readonly record?: string | null;
  readonly token?: string | undefined;
  readonly priority?: string;
  /** uid of the owning StatefulSet. */
  readonly owner?: string;
  readonly labels?: Texts;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

const POD_DEFAULTS = {
  name: "db-0",
  version: 10,
  ready: true,
  terminating: false,
  phase: "Running",
  group: SET_UID,
  record: LEASE_UID,
  owner: SET_UID,
};

const podLabels = ({ group, role, labels }: PodOptions): Texts =>
  texts({ app: "db", [enrolmentLabel(ROLES.feature)]: group ?? undefined, [ROLES.roleLabel]: role, ...labels });

const podAnnotations = ({ epoch, record, token, priority }: PodOptions): Texts =>
  texts({
    [stampEpochAnnotation(ROLES.feature)]: epoch === undefined ? undefined : String(epoch),
    [stampRecordAnnotation(ROLES.feature)]: epoch === undefined ? undefined : (record ?? undefined),
    [tokenAnnotation(ROLES.feature)]: token,
    [PRIORITY_ANNOTATION]: priority,
  });

/** A Ready, enrolled pod of the StatefulSet, without role, stamp and token. */
export const aPod = (options: PodOptions = {}): KubeObject => {
  const all = { ...POD_DEFAULTS, ...options };
  return {
    metadata: {
      name: all.name,
      namespace: NAMESPACE,
      uid: options.uid ?? `uid-of-${all.name}`,
      resourceVersion: String(all.version),
      labels: podLabels(all),
      annotations: podAnnotations(all),
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "StatefulSet", name: SET_NAME, uid: all.owner, controller: true },
      ],
      ...(all.terminating ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      ...(options.managedFields === undefined ? {} : { managedFields: options.managedFields }),
    },
    status: { phase: all.phase, conditions: [{ type: "Ready", status: all.ready ? "True" : "False" }] },
  };
};

/** A pod that was promoted under the record's epoch. */
export const aWriter = (options: PodOptions = {}): KubeObject =>
  aPod({ role: "writer", epoch: EPOCH, token: String(EPOCH), ...options });

/** A pod that was fenced under the record's epoch. */
export const aReader = (options: PodOptions = {}): KubeObject => aPod({ role: "reader", epoch: EPOCH, ...options });

export const aSet = (spec: Readonly<Record<string, unknown>> = {}, uid: string = SET_UID): KubeObject => ({
  metadata: { name: SET_NAME, namespace: NAMESPACE, uid, resourceVersion: "5" },
  spec: { replicas: 3, selector: { matchLabels: { app: "db" } }, ...spec },
  status: { replicas: 3 },
});

export const THE_SET: SetView = viewSet(aSet());

export const seen = (pod: KubeObject, set: SetView = THE_SET): Candidate => viewElectionPod(pod, set, NOW);

export interface LeaseOptions {
  /** Name of the holding pod; null: nobody. */
  readonly holder?: string | null;
  readonly holderUid?: string;
  readonly epoch?: string | number;
  readonly group?: string;
  readonly owner?: string;
  readonly name?: string;
  readonly version?: number;
  readonly renewTime?: string;
  readonly leaseDurationSeconds?: number;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

const LEASE_DEFAULTS = {
  holder: "db-0",
  epoch: EPOCH,
  group: SET_UID,
  owner: `${NAMESPACE}/${LOCK_NAME}/${LOCK_UID}`,
  name: LEASE_NAME,
  version: 7,
  renewTime: microTime(NOW),
  leaseDurationSeconds: 30,
};

/** Our record: held by db-0 under `EPOCH`, renewed now. */
export const aLease = (options: LeaseOptions = {}): KubeObject => {
  const all = { ...LEASE_DEFAULTS, ...options };
  return {
    metadata: {
      name: all.name,
      namespace: NAMESPACE,
      uid: LEASE_UID,
      resourceVersion: String(all.version),
      labels: { [MANAGED_BY_LABEL]: MANAGED_BY, [FEATURE_LABEL]: ROLES.feature, [GROUP_LABEL]: all.group },
      annotations: {
        [OWNER_ANNOTATION]: all.owner,
        [HOLDER_UID_ANNOTATION]: options.holderUid ?? (all.holder === null ? "" : `uid-of-${all.holder}`),
        [EPOCH_ANNOTATION]: String(all.epoch),
      },
      ...(options.managedFields === undefined ? {} : { managedFields: options.managedFields }),
    },
    spec: {
      holderIdentity: all.holder ?? "",
      leaseDurationSeconds: all.leaseDurationSeconds,
      leaseTransitions: 4,
      acquireTime: microTime(NOW - 3_600_000),
      renewTime: all.renewTime,
    },
  };
};

/** What the replaced operator writes: a holder and times, no labels, no annotations. */
export const aBareLease = (spec: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  metadata: { name: LEASE_NAME, namespace: NAMESPACE, uid: LEASE_UID, resourceVersion: "7" },
  spec: { holderIdentity: "db-0", leaseDurationSeconds: 30, renewTime: microTime(NOW), ...spec },
});

export const aRecord = (options: LeaseOptions = {}): RecordView => viewRecord(aLease(options), NOW);

export interface LockOptions {
  readonly name?: string;
  readonly uid?: string;
  readonly created?: string;
  readonly deleting?: boolean;
  readonly switchoverTo?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
}

/** A valid lock on the StatefulSet, in its third generation, without status. */
export const aLock = (options: LockOptions = {}): KubeObject => ({
  metadata: {
    name: options.name ?? LOCK_NAME,
    namespace: NAMESPACE,
    uid: options.uid ?? LOCK_UID,
    resourceVersion: "3",
    generation: 3,
    creationTimestamp: options.created ?? "2025-06-01T00:00:00Z",
    annotations: texts({ [SWITCHOVER_ANNOTATION]: options.switchoverTo }),
    ...(options.deleting === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
  },
  spec: { statefulSetName: SET_NAME, leaseName: LEASE_NAME, leaseDurationSeconds: 30, ...options.spec },
  status: options.status,
});

export const lockView = (options: LockOptions = {}): LockView => viewLock(aLock(options), NOW);
