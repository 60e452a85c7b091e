/** What one instance of the function knows and has under way, and what may happen to it, as values. */
import type { PodAnswer, Progress, Reread } from "../../../functions/kit/handover/attempt.ts";
import type { RecordView } from "../../../functions/kit/handover/model.ts";
import type { PodChange, Target } from "../../../functions/kit/handover/plan.ts";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import type * as system from "../system.ts";
import type { Lock, Server, Word } from "./server.ts";

type Reply = PodAnswer<Candidate> | Reread | undefined;

/** Of the hand-over; features may know more. */
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
      /** Pods that were asked before anything was read. */
      readonly word: Word | undefined;
    }
  /** Records of the group under names that its lock does not give, on their way to be deleted. */
  | { readonly kind: "dropping"; readonly records: readonly RecordView[] }
  /** The pods are being asked who leads. */
  | { readonly kind: "asking"; readonly lock: Lock; readonly progress: Progress<Candidate> }
  | {
      readonly kind: "writing";
      /** Enrolment before there is a target, repair while nobody can lead, the hand-over itself, or that to nobody which ends the group. */
      readonly stage: "enrol" | "repair" | "handOver" | "end";
      readonly lock: Lock;
      /** What the pods said before they were read. */
      readonly word: Word | undefined;
      /** Whom the record names was not among the pods: undefined until it was looked for, "gone" once it is fenced or there is none. */
      readonly unseen: PodChange<Candidate> | "gone" | undefined;
      /** The lock was read again and is as it was. */
      readonly confirmed: boolean;
      /** The record was made, and the enrolled pods are to be listed again. */
      readonly created: boolean;
      readonly target: Target;
      readonly progress: Progress<Candidate>;
      /** To the writes of the step that follows from this, in their order; undefined: on its way. */
      readonly replies: readonly Reply[];
    }
  | StandbyLocal;

/** Active/standby only. */
export type StandbyLocal =
  /** The selector is given back. */
  | { readonly kind: "restoring"; readonly lock: Lock }
  /** Nobody stands for the group any more. */
  | {
      readonly kind: "closing";
      readonly lock: Lock;
      /** Pause: until the controller has heard of the Service as it was when the pause began. */
      readonly stage: "look" | "pause" | "records" | "count" | "make" | "taken" | "pods";
      readonly news: News | undefined;
      readonly record: RecordView | undefined;
    }
  /** Role and enrolment labels go, then the record. */
  | {
      readonly kind: "stripping";
      readonly record: RecordView | undefined;
      /** The record is to be written before. */
      readonly notice: boolean;
      readonly pods: readonly Candidate[];
      readonly stale: boolean;
    }
  /** The hand-over is done: leavers are let go, the Service is led to the active pod. */
  | {
      readonly kind: "after";
      readonly lock: Lock;
      readonly leavers: readonly Candidate[];
      /** That is to be written before they go; undefined: it was. */
      readonly notice: RecordView | undefined;
      /** Undefined: there is nothing to extend, or no more. */
      readonly cut: Cut | undefined;
    };

/** Something of which the controller is told: outdated as soon as it has heard of it anew. */
export interface News {
  readonly uid: "news of pods" | "news of the Service";
  readonly resourceVersion: string;
}

export interface Cut {
  /** The active pod as it was seen last; undefined: how the selector was before is written down, whoever is active. */
  readonly active: Candidate | undefined;
  readonly stage: "begin" | "pause" | "extend";
  readonly news: News | undefined;
}

export type Reading = Extract<Local, { kind: "reading" }>;
export type Dropping = Extract<Local, { kind: "dropping" }>;
export type Asking = Extract<Local, { kind: "asking" }>;
export type Writing = Extract<Local, { kind: "writing" }>;

/** One request delivered and answered. */
export type Event = system.Event<Server, Local>;

export const IDLE: Local = { kind: "idle" };
