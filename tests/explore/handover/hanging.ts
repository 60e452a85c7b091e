/** Before the record moves on from a pod that was not written under it: it is looked for where it was not among those that were read, and fenced. */
import {
  answerToHolderFence,
  answerToLook,
  hangingHolder,
  podRequest,
  type WritingStep,
} from "../../../functions/kit/handover/attempt.ts";
import type { PodChange, RecordChange } from "../../../functions/kit/handover/plan.ts";
import { getRequest, PODS } from "../../../functions/kit/kube/request.ts";
import type { Candidate } from "../../../functions/kit/pods/candidate.ts";
import { NAMESPACE } from "../../unit/support/builders.ts";
import { outdated } from "../outdated.ts";
import { IDLE, type Event, type Local, type Writing } from "./local.ts";
import { teamOf, type Protocol } from "./protocol.ts";
import { respond, type Answer, type Server } from "./server.ts";

export type RecordStep = Extract<WritingStep<Candidate>, { kind: "record" }>;

/** An instance whose copies of what an answer tells to have changed are old now. */
export const aged = <T>(value: T, { touched }: Answer): T => (touched === undefined ? value : outdated(value, touched));

/** Looks for the pod that the record names, and that was not among those that were read. */
const lookForUnseen = (
  protocol: Protocol,
  server: Server,
  { writing, change, name }: { writing: Writing; change: RecordChange; name: string },
): Event => {
  const { view } = teamOf(protocol, writing.lock);
  const { response } = respond(server, getRequest(PODS, NAMESPACE, name));
  const answer = answerToLook(view, writing.progress.observed, { change, response });
  const local = ((): Local => {
    if (answer === undefined) return { ...writing, unseen: "gone" };
    return answer.kind === "fence" ? { ...writing, unseen: answer.change } : IDLE;
  })();
  const found = answer?.kind === "fence" ? "not enrolled" : answer === undefined ? "gone" : "enrolled";
  return { server, local, touched: undefined, text: () => `looks for ${name}, which the record names: ${found}` };
};

const fenceHolder = (
  protocol: Protocol,
  server: Server,
  { writing, change }: { writing: Writing; change: PodChange<Candidate> },
): Event => {
  const answer = respond(server, protocol.request(podRequest(change)));
  const isFenced = answerToHolderFence(change.pod, answer.response) === undefined;
  return {
    server: answer.server,
    local: isFenced ? { ...aged(writing, answer), unseen: "gone" } : IDLE,
    touched: answer.touched,
    text: () => `fences ${change.pod.uid}, which the record names: ${isFenced ? "ok" : "somebody was faster"}`,
  };
};

/** Undefined: there is nobody, or no more. */
export const unseenEvent = (
  protocol: Protocol,
  server: Server,
  { writing, step: { change } }: { writing: Writing; step: RecordStep },
): Event | undefined => {
  const { unseen } = writing;
  if (unseen === "gone" || !protocol.seeksHolder) return undefined;
  if (unseen !== undefined) return fenceHolder(protocol, server, { writing, change: unseen });
  const hanging = hangingHolder(writing.progress.observed, change);
  if (hanging === undefined) return undefined;
  return hanging.kind === "fence"
    ? fenceHolder(protocol, server, { writing, change: hanging.change })
    : lookForUnseen(protocol, server, { writing, change, name: hanging.name });
};
