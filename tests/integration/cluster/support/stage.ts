/** The function, a group that it leads, and everything that is seen of both, on the node that runs. */
import { succeed } from "../../../../infra/lab/api.ts";
import { waitForWriter, writersOf, type GroupState, type LockName } from "../../../../infra/lab/group.ts";
import { openNode, type ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { runningSite } from "../../../../infra/lab/node/up.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { startObserver, type Observer } from "../../../../infra/lab/observer.ts";
import type { OverlayName } from "../../platform/golden/overlays.ts";
import type { Fault, Victim } from "./faults.ts";
import { installOverlay, removeOverlay, watchScaling, type Scaling } from "./function.ts";
import { createGroup, nextWriterAtMs, removeGroup, type ContainerFields } from "./group.ts";

const writerDeadlineMs = 60_000;
const pollMs = 20;

export interface Stage {
  readonly node: ClusterNode;
  readonly lock: LockName;
  readonly observer: Observer;
  /** Grows. */
  readonly scaling: readonly Scaling[];
  /** Ends what the function leads, and then the function. */
  readonly close: () => Promise<void>;
}

/** Resolves once the group has its writer. `namespace` is made for it. */
export const openStage = async (overlay: OverlayName, namespace: string, fields?: ContainerFields): Promise<Stage> => {
  const site = runningSite();
  if (site === undefined) throw new Error("no node runs");
  const node = openNode(site);
  const ending = new AbortController();
  await installOverlay(node, overlay);
  const scaling = await watchScaling(node, ending.signal);
  const observer = await startObserver({ kubeConfig: node.kubeConfig, namespace });
  const lock = await createGroup(node, namespace, fields);
  await waitForWriter(node, lock, { deadlineMs: writerDeadlineMs });
  const close = async (): Promise<void> => {
    ending.abort();
    await observer.stop();
    await removeGroup(node, lock);
    await removeOverlay(node, overlay);
    await succeed(node.api, "DELETE", `/api/v1/namespaces/${namespace}`);
    node.close();
  };
  return { node, lock, observer, scaling, close };
};

export interface Struck {
  readonly victim: Victim;
  readonly faultAtMs: number;
  /** At rest again. */
  readonly after: GroupState;
  /** The first change of the number of instances since the fault; undefined: there was none. */
  readonly woken: { readonly replicas: number; readonly afterMs: number } | undefined;
  /** From right before the fault until another pod was seen with the writer's label. */
  readonly labelledAfterMs: number;
}

/** Lets the fault befall the writer of `before`. @throws when no other pod has become the writer within a minute. */
export const strike = async (stage: Stage, before: GroupState, fault: Fault): Promise<Struck> => {
  const { node, lock, observer, scaling } = stage;
  const [old] = writersOf(before);
  if (old === undefined) throw new Error("there is no writer to strike");
  const victim = { namespace: lock.namespace, pod: old };
  const scaledBefore = scaling.length;
  const faultAtMs = Date.now();
  await fault(node, victim);
  const after = await waitForWriter(node, lock, { is: ({ uid }) => uid !== old.uid, deadlineMs: writerDeadlineMs });
  // The observer may hear of it a moment later than it was asked for.
  const labelledAtMs = await poll(async () => nextWriterAtMs(observer.revisions, old.uid, faultAtMs), {
    what: "the observer to see the new writer",
    everyMs: pollMs,
    deadlineMs: writerDeadlineMs,
  });
  const change = scaling[scaledBefore];
  return {
    victim,
    faultAtMs,
    after,
    woken: change && { replicas: change.replicas, afterMs: change.atMs - faultAtMs },
    labelledAfterMs: labelledAtMs - faultAtMs,
  };
};
