/** Pods whose applications are processes on loopback addresses, and what a LeaderStatusChecker makes of them. */
import { CHECKERS, recordName, ROLES } from "../../../functions/roles/labels.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { succeed } from "../../../infra/lab/api.ts";
import type { Lab } from "../../../infra/lab/lab.ts";
import { poll } from "../../../infra/lab/poll.ts";
import { waitFor } from "../support/fixture.ts";
import { podsPath } from "../support/objects.ts";

export const NAMESPACE = "data";

const pollMs = 15;

const checkersPath = `/apis/${CHECKERS.group}/${CHECKERS.version}/namespaces/${NAMESPACE}/${CHECKERS.plural}`;
export const checkerPath = (name: string): string => `${checkersPath}/${name}`;
export const recordPath = (uid: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${recordName(uid)}`;

/** `db-0` is 127.0.0.10, `db-1` 127.0.0.11, …; `tls-0` is 127.0.0.20. */
export const hostOf = (pod: string): string => {
  const [set = "", ordinal = "0"] = pod.split("-");
  return `127.0.0.${(set === "tls" ? 20 : 10) + Number(ordinal)}`;
};

export const createChecker = (lab: Lab, name: string, spec: Readonly<Record<string, unknown>>): Promise<KubeObject> => {
  const given = { statefulSetName: name, namespace: NAMESPACE, localDev: false, ...spec };
  const body = { apiVersion: `${CHECKERS.group}/v1`, kind: CHECKERS.kind, metadata: { name }, spec: given };
  return succeed(lab.api, "POST", checkersPath, { body });
};

interface CheckerStatus {
  readonly leaderNode?: string;
  readonly epoch?: number;
  readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
}

export const statusOf = async (lab: Lab, name: string): Promise<CheckerStatus> =>
  (await succeed<KubeObject>(lab.api, "GET", checkerPath(name))).status ?? {};

/**
 * Resolves once the condition is there with that reason and a message that contains `says`. Another message may come first: on a
 * machine that stood still for a second, a pod that does not answer is one without a connection until it is asked again.
 * @throws at the deadline.
 */
export const conditionSays = (
  lab: Lab,
  name: string,
  wanted: { readonly type: string; readonly reason: string; readonly says: string; readonly deadlineMs: number },
): Promise<true> =>
  poll(
    async () => {
      const { conditions = [] } = await statusOf(lab, name);
      const is = ({ type, reason, message }: (typeof conditions)[number]): boolean =>
        type === wanted.type && reason === wanted.reason && message.includes(wanted.says);
      return conditions.some(is) ? true : undefined;
    },
    {
      what: `condition ${wanted.type}/${wanted.reason} of ${name} that says: ${wanted.says}`,
      everyMs: pollMs,
      deadlineMs: wanted.deadlineMs,
    },
  );

/** Names of the set's pods that carry the leader's label. */
export const leadersIn = (pods: readonly KubeObject[], set: string): readonly string[] =>
  pods
    .filter(({ metadata }) => metadata.name.startsWith(`${set}-`))
    .filter(({ metadata }) => metadata.labels?.[ROLES.roleLabel] === ROLES.leader)
    .map(({ metadata }) => metadata.name);

/** Resolves once exactly these pods of the set are labelled leader, and the status says so too. @throws at the deadline. */
export const settles = async (
  lab: Lab,
  set: string,
  { leader, deadlineMs }: { readonly leader: string; readonly deadlineMs: number },
): Promise<void> => {
  await waitFor(lab, {
    path: podsPath(NAMESPACE),
    until: (pods) => leadersIn(pods, set).join() === leader,
    deadlineMs,
  });
  await poll(async () => ((await statusOf(lab, set)).leaderNode === leader ? true : undefined), {
    what: `${set}: status.leaderNode is ${leader}`,
    everyMs: pollMs,
    deadlineMs,
  });
};

export const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
