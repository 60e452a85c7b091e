/**
 * One attempt to bring a group to rest, on a record that was read before its pods: enrol, decide, then hand over; or, where nobody may
 * be moved, undo only what somebody else did to the labels. What is decided is the feature's alone.
 */
import type { Sent, Stop } from "../handover/attempt.ts";
import { handOver, writePhase, type HandoverPorts } from "../handover/executor.ts";
import type { PodView, RecordView } from "../handover/model.ts";
import { plan, planEnrolment, planRepair, type Observed, type Target } from "../handover/plan.ts";

/** `verdict` is what the feature wants to know of it again: `L` where it hands over, `H` where it holds. */
export type Decision<L, H> =
  /** `until`: as `HandoverPorts.recordUntil`. */
  | { readonly verdict: L; readonly target: Target; readonly until?: number | undefined }
  /** Nobody is moved. */
  | { readonly verdict: H; readonly target: undefined; readonly until?: undefined };

/** Asked once, about the members as they are enrolled. */
export type Decide<P extends PodView, L, H> = (pods: readonly P[]) => Decision<L, H> | Promise<Decision<L, H>>;

export type CarriedOut<P extends PodView, L, H> =
  /** Labels, record and stamps agree on the target. */
  | {
      readonly kind: "settled";
      readonly verdict: L;
      readonly record: RecordView | undefined;
      /** Undefined: nobody leads, or the leader is gone. */
      readonly leader: P | undefined;
      /** All of the group, as they are now. */
      readonly pods: readonly P[];
      /** This attempt made the last write of a hand-over. */
      readonly promoted: boolean;
    }
  | { readonly kind: "held"; readonly verdict: H }
  /** `verdict` undefined: it was not come to. */
  | { readonly kind: "stopped"; readonly verdict: L | H | undefined; readonly stop: Stop };

/** Everybody who begins beside us enrols the same pods: what a conflict kept out is tried again, because only enrolled pods are chosen from. */
const ENROLMENT_ROUNDS_MAX = 8;

const enrolAll = async <P extends PodView>(ports: HandoverPorts<P>, observed: Observed<P>): Promise<Sent<P>> => {
  let sent: Sent<P> = { observed };
  for (let round = 0; round < ENROLMENT_ROUNDS_MAX && sent.stop === undefined; round += 1) {
    const changes = planEnrolment(sent.observed);
    if (changes.length === 0) break;
    // Each round goes on with what the last one has read again.
    // oxlint-disable-next-line no-await-in-loop
    sent = await writePhase(ports, sent.observed, { phase: "enrol", changes });
  }
  return sent;
};

export const carryOut = async <P extends PodView, L, H>(
  ports: HandoverPorts<P>,
  observed: Observed<P>,
  decide: Decide<P, L, H>,
): Promise<CarriedOut<P, L, H>> => {
  const enrolled = await enrolAll(ports, observed);
  if (enrolled.stop !== undefined) return { kind: "stopped", verdict: undefined, stop: enrolled.stop };
  const { verdict, target, until } = await decide(enrolled.observed.pods);
  if (target === undefined) {
    const changes = planRepair(enrolled.observed);
    const { stop } = await writePhase(ports, enrolled.observed, { phase: "fence", changes });
    return stop === undefined ? { kind: "held", verdict } : { kind: "stopped", verdict, stop };
  }
  const attempt = await handOver({ ...ports, recordUntil: until }, enrolled.observed, target);
  if (attempt.kind !== "settled") return { kind: "stopped", verdict, stop: attempt };
  const { record, pods } = attempt.observed;
  const leader = target.kind === "pod" ? pods.find(({ uid }) => uid === target.uid) : undefined;
  return { kind: "settled", verdict, record, leader, pods, promoted: attempt.promoted };
};

/** What would be done, in words, where nothing is written: every member is treated as enrolled, as it would be. */
export const preview = async <P extends PodView, L, H>(
  observed: Observed<P>,
  decide: Decide<P, L, H>,
): Promise<{ readonly verdict: L | H; readonly next: string }> => {
  const { group } = observed;
  const pods = observed.pods.map((pod) => (pod.member ? { ...pod, group } : pod));
  const { verdict, target } = await decide(pods);
  const enrolling = planEnrolment(observed).length;
  const step = target === undefined ? "nothing" : plan({ ...observed, pods }, target).kind;
  return { verdict, next: enrolling > 0 ? `enrol ${enrolling} pods, then ${step}` : step };
};
