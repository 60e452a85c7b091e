/** What one instance of the function knows and has under way, and what may happen to it, as values. */
import type { PodAnswer, Progress, Reread } from "../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../functions/kit/handover/model.ts";
import type { Target } from "../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { Candidate } from "../../functions/kit/pods/candidate.ts";
import type { Lock, Server } from "./server.ts";

type Reply = PodAnswer<Candidate> | Reread | undefined;

export type Local =
  | { readonly kind: "idle" }
  /** What is read so far. `record` null: there is none. */
  | {
      readonly kind: "reading";
      readonly lock: Lock | undefined;
      readonly record: RecordView | null | undefined;
      /** No other record of the group was found. */
      readonly alone: boolean;
      readonly enrolled: readonly KubeObject[] | undefined;
      readonly selected: readonly KubeObject[] | undefined;
    }
  /** Records of the group under names that its lock does not give, on their way to be deleted. */
  | { readonly kind: "dropping"; readonly records: readonly RecordView[] }
  | {
      readonly kind: "writing";
      /** Enrolment before there is a target, repair while nobody can lead, or the hand-over itself. */
      readonly stage: "enrol" | "repair" | "handOver";
      readonly lock: Lock;
      /** The lock was read again and is as it was. */
      readonly confirmed: boolean;
      /** The record was made, and the enrolled pods are to be listed again. */
      readonly created: boolean;
      readonly target: Target;
      readonly progress: Progress<Candidate>;
      /** To the writes of the step that follows from this, in their order; undefined: on its way. */
      readonly replies: readonly Reply[];
    };

export type Reading = Extract<Local, { kind: "reading" }>;
export type Dropping = Extract<Local, { kind: "dropping" }>;
export type Writing = Extract<Local, { kind: "writing" }>;

/** One request delivered and answered. */
export interface Event {
  readonly server: Server;
  readonly local: Local;
  readonly touched: string | undefined;
  /** What happened, without who did it. */
  readonly text: () => string;
}

export const IDLE: Local = { kind: "idle" };
