/** Applies the plan's writes to pods and record as data, one write at a time, as an API server would: what the plan is judged by. */
import type { PodView, RecordView } from "../../../functions/kit/handover/model.ts";
import {
  enrolmentLabel,
  stampEpochAnnotation,
  stampRecordAnnotation,
  tokenAnnotation,
} from "../../../functions/kit/handover/names.ts";
import {
  plan,
  type Observed,
  type PodChange,
  type RecordChange,
  type Step,
  type Target,
} from "../../../functions/kit/handover/plan.ts";
import { LEASE_NAME, NAMESPACE } from "./builders.ts";

/** One write of a step, and the state after it. */
export interface Write<P extends PodView> {
  readonly step: Step<P>;
  readonly before: Observed<P>;
  readonly after: Observed<P>;
}

export interface Trace<P extends PodView> {
  readonly writes: readonly Write<P>[];
  readonly end: Observed<P>;
  /** The step that was left without writes. */
  readonly last: Step<P>["kind"];
  readonly rounds: number;
}

/** More rounds than a hand-over has steps: enrol, record, fence, promote. */
const ROUNDS_MAX = 6;

const patched = (value: string | undefined, change: string | null | undefined): string | undefined =>
  change === undefined ? value : (change ?? undefined);

/** Throws for a pod that was not observed so: the API server would refuse the write. */
const applyPod = <P extends PodView>(
  observed: Observed<P>,
  { pod, labels, annotations }: PodChange<P>,
): Observed<P> => {
  const { names } = observed;
  const known = observed.pods.find(({ uid }) => uid === pod.uid);
  if (known?.resourceVersion !== pod.resourceVersion) throw new Error(`pod ${pod.name} was not observed so`);
  const epoch = annotations[stampEpochAnnotation(names.feature)];
  const record = annotations[stampRecordAnnotation(names.feature)];
  const next: P = {
    ...known,
    resourceVersion: String(Number(known.resourceVersion) + 1),
    group: patched(known.group, labels[enrolmentLabel(names.feature)]),
    role: patched(known.role, labels[names.roleLabel]),
    stamp: typeof epoch === "string" && typeof record === "string" ? { epoch: Number(epoch), record } : known.stamp,
    token: patched(known.token, annotations[tokenAnnotation(names.feature)]),
  };
  return { ...observed, pods: observed.pods.map((other) => (other === known ? next : other)) };
};

const NO_RECORD: RecordView = {
  name: LEASE_NAME,
  namespace: NAMESPACE,
  uid: "uid-of-new-lease",
  resourceVersion: "0",
  holder: undefined,
  epoch: undefined,
  tampered: false,
  leaseTransitions: 0,
  leaseDurationSeconds: 30,
  renewTime: undefined,
  acquireTime: undefined,
};

const applyRecord = <P extends PodView>(observed: Observed<P>, change: RecordChange): Observed<P> => {
  const { previous, holder, epoch, leaseTransitions, acquires } = change;
  if (previous?.resourceVersion !== observed.record?.resourceVersion) throw new Error("the record was not observed so");
  const base = previous ?? NO_RECORD;
  const resourceVersion = String(Number(base.resourceVersion) + 1);
  const acquireTime = acquires ? observed.now : base.acquireTime;
  const written = { resourceVersion, holder, epoch, tampered: false, leaseTransitions, acquireTime };
  return { ...observed, record: { ...base, ...written, renewTime: observed.now } };
};

const writesOf = <P extends PodView>(step: Step<P>): readonly ((observed: Observed<P>) => Observed<P>)[] => {
  switch (step.kind) {
    case "enrol":
    case "fence":
      return step.changes.map((change) => (observed) => applyPod(observed, change));
    case "promote":
      return [(observed) => applyPod(observed, step.change)];
    case "record":
      return [(observed) => applyRecord(observed, step.change)];
    case "settled":
    case "restart":
      return [];
  }
};

/** The writes of one step, in their order or against it: parallel writes arrive in any. */
export const applyStep = <P extends PodView>(
  start: Observed<P>,
  step: Step<P>,
  backwards = false,
): readonly Write<P>[] => {
  const writes = writesOf(step);
  let before = start;
  return (backwards ? writes.toReversed() : writes).map((write) => {
    const after = write(before);
    const done = { step, before, after };
    before = after;
    return done;
  });
};

/** Plans and applies until nothing is left to write. */
export const runToRest = <P extends PodView>(start: Observed<P>, target: Target, backwards = false): Trace<P> => {
  const writes: Write<P>[] = [];
  let observed = start;
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
    const step = plan(observed, target);
    const applied = applyStep(observed, step, backwards);
    if (applied.length === 0) return { writes, end: observed, last: step.kind, rounds };
    writes.push(...applied);
    observed = applied.at(-1)?.after ?? observed;
  }
  throw new Error(`not at rest after ${ROUNDS_MAX} rounds`);
};

export const leadersOf = <P extends PodView>({ pods, names }: Observed<P>): readonly P[] =>
  pods.filter(({ role }) => role === names.leader);
