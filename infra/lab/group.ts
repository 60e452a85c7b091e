/** What a lock's group looks like on the API server, and whether label, Lease, stamp, token and status agree. */
import { LOCKS, ROLES } from "../../functions/election/labels.ts";
import { viewRecord, viewPod, type PodView, type RecordView } from "../../functions/kit/handover/model.ts";
import { enrolmentLabel } from "../../functions/kit/handover/names.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import {
  getRequest,
  LEASES,
  listOf,
  listRequest,
  objectOf,
  PODS,
  type Transport,
} from "../../functions/kit/kube/request.ts";

/** Whatever can send requests as administrator. */
export interface GroupReader {
  readonly transport: { readonly send: Transport };
}

const pollMs = 15;

export interface LockName {
  readonly namespace: string;
  readonly name: string;
  readonly leaseName: string;
}

interface StatusView {
  readonly writerPod?: string;
  readonly epoch?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

export interface GroupState {
  readonly lock: KubeObject | undefined;
  readonly status: StatusView;
  readonly record: RecordView | undefined;
  readonly pods: readonly PodView[];
}

export const readGroup = async (lab: GroupReader, { namespace, name, leaseName }: LockName): Promise<GroupState> => {
  const { send } = lab.transport;
  const now = Date.now();
  const [lock, lease, pods] = await Promise.all([
    send(getRequest(LOCKS, namespace, name)),
    send(getRequest(LEASES, namespace, leaseName)),
    send(listRequest(PODS, { namespace, labelSelector: enrolmentLabel(ROLES.feature) })),
  ]);
  const found = lock.status === 200 ? objectOf(lock) : undefined;
  return {
    lock: found,
    status: found?.status ?? {},
    record: lease.status === 200 ? viewRecord(objectOf(lease), now) : undefined,
    pods: listOf(pods).items.map((pod) => viewPod(pod, ROLES, { member: true, now })),
  };
};

export const writersOf = ({ pods }: GroupState): readonly PodView[] => pods.filter(({ role }) => role === ROLES.leader);

type Check = readonly [what: string, got: unknown, wanted: unknown];

const checksOf = ({ status, record, pods }: GroupState, writer: PodView): readonly Check[] => {
  const epoch = record?.epoch;
  const tokens = pods.filter(({ token }) => token !== undefined).map(({ name }) => name);
  const unstamped = pods.filter(({ stamp }) => stamp?.epoch !== epoch || stamp?.record !== record?.uid);
  const condition = (type: string): string | undefined =>
    status.conditions?.find((found) => found.type === type)?.status;
  return [
    ["Lease holder", record?.holder?.name, writer.name],
    ["Lease holder-uid", record?.holder?.uid, writer.uid],
    ["epoch of the Lease", typeof epoch, "number"],
    ["pods without the present stamp", unstamped.map(({ name }) => name).join(), ""],
    ["token of the writer", writer.token, String(epoch)],
    ["pods with a token", tokens.join(), writer.name],
    ["status.writerPod", status.writerPod, writer.name],
    ["status.epoch", status.epoch, epoch],
    ["Available", condition("Available"), "True"],
    ["Progressing", condition("Progressing"), "False"],
  ];
};

/** The first disagreement, or nothing: exactly one writer, and all five places name it. */
export const disagreement = (state: GroupState): string | undefined => {
  const [writer, ...others] = writersOf(state);
  if (writer === undefined) return "no writer";
  if (others.length > 0) return `${others.length + 1} writers`;
  const wrong = checksOf(state, writer).find(([, got, wanted]) => got !== wanted);
  return wrong === undefined ? undefined : `${wrong[0]}: ${String(wrong[1])}, expected ${String(wrong[2])}`;
};

/** Polls the group until `until` holds, and resolves to it. @throws at the deadline with the last state. */
export const waitForGroup = async (
  lab: GroupReader,
  lock: LockName,
  { until, deadlineMs }: { until: (state: GroupState) => boolean; deadlineMs: number },
): Promise<GroupState> => {
  const end = performance.now() + deadlineMs;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const state = await readGroup(lab, lock);
    if (until(state)) return state;
    if (performance.now() > end) {
      const last = JSON.stringify({ why: disagreement(state), ...state, lock: undefined }, undefined, 1);
      throw new Error(`${lock.name}: not as expected after ${deadlineMs} ms; last seen ${last}`);
    }
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
};

/** At rest: exactly one writer (one that `is` accepts), and everything agrees. */
export const waitForWriter = (
  lab: GroupReader,
  lock: LockName,
  { is = () => true, deadlineMs }: { is?: (writer: PodView) => boolean; deadlineMs: number },
): Promise<GroupState> =>
  waitForGroup(lab, lock, {
    until: (state) => disagreement(state) === undefined && writersOf(state).every((writer) => is(writer)),
    deadlineMs,
  });
