/** The function, a group that it leads, and everything that is seen of both, on the node that runs. */
import { compareVersions } from "../../../../functions/kit/history/revision.ts";
import { waitForWriter, writersOf, type GroupState, type LockName } from "../../../../infra/lab/group.ts";
import { openNode, type ClusterNode } from "../../../../infra/lab/node/cluster-node.ts";
import { runningSite } from "../../../../infra/lab/node/up.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import { startObserver, type Observer } from "../../../../infra/lab/observer.ts";
import type { OverlayName } from "../../platform/golden/overlays.ts";
import { closable } from "./clean-up.ts";
import type { Fault, Victim } from "./faults.ts";
import { endFunction, installOverlay, removeOverlay, watchScaling, type Scaling } from "./function.ts";
import { createGroup, nextWriter, removeGroup, type ContainerFields } from "./group.ts";
import { namespacesEnded } from "./namespaces.ts";

/** The tick may have to make good what the sources' adapters lost, who start again when a namespace comes. */
const openDeadlineMs = 150_000;
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
export const openStage = (overlay: OverlayName, namespace: string, fields?: ContainerFields): Promise<Stage> =>
  closable(async (defer) => {
    const site = runningSite();
    if (site === undefined) throw new Error("no node runs");
    const node = openNode(site);
    defer(node.close);
    await namespacesEnded(node);
    defer(() => removeOverlay(node, overlay));
    await installOverlay(node, overlay);
    defer(() => removeGroup(node, namespace));
    const ending = new AbortController();
    defer(() => ending.abort());
    const scaling = await watchScaling(node, ending.signal);
    const observer = await startObserver({ kubeConfig: node.kubeConfig, namespace });
    defer(() => observer.stop());
    const lock = await createGroup(node, namespace, fields);
    await waitForWriter(node, lock, { deadlineMs: openDeadlineMs });
    return { node, lock, observer, scaling };
  });

/** At rest with no process of the function: a tick may come right then, of which there is one a minute, and then it is waited for that again. */
export const restAtZero = async (stage: Stage): Promise<GroupState> => {
  const { node, lock, scaling } = stage;
  await endFunction(node);
  const state = await waitForWriter(node, lock, { deadlineMs: writerDeadlineMs });
  return scaling.at(-1)?.replicas === 0 ? state : restAtZero(stage);
};

export interface Struck {
  readonly victim: Victim;
  readonly faultAtMs: number;
  /** At rest again. */
  readonly after: GroupState;
  /** How many instances were wanted first between the fault and the label, in the order of the server; undefined: as many as before. */
  readonly woken: () => number | undefined;
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
  const { observedAt, resourceVersion } = await poll(async () => nextWriter(observer.revisions, old.uid, faultAtMs), {
    what: "the observer to see the new writer",
    everyMs: pollMs,
    deadlineMs: writerDeadlineMs,
  });
  // So may the other watch, and neither waits for the other: what came before what is for the server to say.
  const woken = (): number | undefined => {
    const change = scaling[scaledBefore];
    const isBefore = change !== undefined && compareVersions(change.resourceVersion, resourceVersion) < 0;
    return isBefore ? change.replicas : undefined;
  };
  return {
    victim,
    faultAtMs,
    after,
    woken,
    labelledAfterMs: (observedAt ?? Number.NaN) - faultAtMs,
  };
};
