/** Two groups side by side: one that faults befall, and what is seen of either. */
import type { Revision } from "../../../../functions/kit/history/revision.ts";
import { LOCKS, ROLES } from "../../../../functions/election/labels.ts";
import { listRequest } from "../../../../functions/kit/kube/request.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { readGroup, waitForWriter, writersOf, type GroupState } from "../../../../infra/lab/group.ts";
import { startObserver } from "../../../../infra/lab/observer.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import type { ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { closable } from "./clean-up.ts";
import { pathOf, type Fault, type Victim } from "./faults.ts";
import type { Conditioned } from "./function.ts";
import { createGroup, nextWriter, podsReady, removeGroup } from "./group.ts";
import { namespacesEnded } from "./namespaces.ts";
import type { Stage } from "./stage.ts";

/** A group and its observer; a stage is one, too. */
export type Watched = Pick<Stage, "node" | "lock" | "observer" | "close">;

/** The tick may have to make good what the sources' adapters lost, who start again when a namespace comes. */
const openDeadlineMs = 150_000;
const settleDeadlineMs = 60_000;
const pollMs = 20;

/** One more group on the stage, in a namespace of its own; resolves once it has its writer. To be closed before the stage. */
export const addGroup = ({ node }: Pick<Stage, "node">, namespace: string): Promise<Watched> =>
  closable(async (defer) => {
    await namespacesEnded(node);
    defer(() => removeGroup(node, namespace));
    const observer = await startObserver({ kubeConfig: node.kubeConfig, namespace });
    defer(() => observer.stop());
    const lock = await createGroup(node, namespace);
    await waitForWriter(node, lock, { deadlineMs: openDeadlineMs });
    return { node, lock, observer };
  });

/** At rest, with all of its pods Ready. */
export const settled = async ({ node, lock }: Watched): Promise<GroupState> => {
  await podsReady(node, lock.namespace);
  return waitForWriter(node, lock, { deadlineMs: settleDeadlineMs });
};

/** An event of its lock. */
export const touch = async ({ node, lock: { namespace, name } }: Watched): Promise<void> => {
  const body = { metadata: { annotations: { "example.com/touched": new Date().toISOString() } } };
  const path = `${listRequest(LOCKS, { namespace }).path}/${name}`;
  await succeed(node.api, "PATCH", path, { body, contentType: "application/merge-patch+json" });
};

/** Who leads, and under which epoch: the same as long as nothing befalls the group. */
export const leadership = async ({ node, lock }: Watched): Promise<string> => {
  const state = await readGroup(node, lock);
  return `${writersOf(state)
    .map(({ name, uid }) => `${name} ${uid}`)
    .join()} ${state.record?.epoch}`;
};

const writerOf = (state: GroupState, { lock }: Watched): Victim => {
  const [pod] = writersOf(state);
  if (pod === undefined) throw new Error(`there is no writer in ${lock.namespace}`);
  return { namespace: lock.namespace, pod };
};

/** Resolves once the API server says so of that pod. */
export const podNotReady = ({ api }: ClusterNode, victim: Victim): Promise<true> =>
  poll(
    async () => {
      const { status } = await succeed<Conditioned>(api, "GET", pathOf(victim));
      return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "False")
        ? true
        : undefined;
    },
    { what: `${victim.pod.name} to be not Ready`, everyMs: pollMs, deadlineMs: settleDeadlineMs },
  );

/** Whose label of a writer was seen since then, but for the old one's. */
const newWriters = (revisions: readonly Revision[], oldUid: string, sinceMs: number): ReadonlySet<string> =>
  new Set(
    revisions
      .filter(({ type, observedAt }) => type !== "DELETED" && (observedAt ?? 0) >= sinceMs)
      .filter(({ object }) => object.metadata.labels?.[ROLES.roleLabel] === ROLES.leader)
      .map(({ object }) => object.metadata.uid)
      .filter((uid) => uid !== oldUid),
  );

export interface Recovery {
  readonly after: GroupState;
  readonly labelledAfterMs: number;
}

export interface Stricken {
  readonly victim: Victim;
  /** @throws when there is no new writer with everything in agreement within `boundMs` of the fault. */
  readonly recovered: (boundMs: number) => Promise<Recovery>;
  /** How many pods have become the writer since. */
  readonly newWriters: () => number;
}

/** Lets the fault befall the writer of `before`. */
export const strikeGroup = async (group: Watched, before: GroupState, fault: Fault): Promise<Stricken> => {
  const { node, lock, observer } = group;
  const victim = writerOf(before, group);
  const { uid } = victim.pod;
  const faultAtMs = Date.now();
  await fault(node, victim);
  const recovered = async (boundMs: number): Promise<Recovery> => {
    const leftMs = faultAtMs + boundMs - Date.now();
    const after = await waitForWriter(node, lock, { is: (writer) => writer.uid !== uid, deadlineMs: leftMs });
    const labelledAtMs = await poll(async () => nextWriter(observer.revisions, uid, faultAtMs)?.observedAt, {
      what: "the observer to see the new writer",
      everyMs: pollMs,
      deadlineMs: settleDeadlineMs,
    });
    return { after, labelledAfterMs: labelledAtMs - faultAtMs };
  };
  return { victim, recovered, newWriters: () => newWriters(observer.revisions, uid, faultAtMs).size };
};
