/** Tells other programs who leads: CloudEvents, for the subject of any feature. */
import {
  handoverStalled,
  leaderElected,
  leaderLost,
  type HandoverFacts,
  type OutgoingEvent,
  type PodRef,
} from "../../../events/encode.ts";
import type { FeatureContext } from "../context.ts";
import type { Holder, RecordView } from "../handover/model.ts";
import { apiVersionOf } from "../kube/request.ts";
import type { Subject } from "./subject.ts";

/** Of which leadership. */
export interface Leadership {
  readonly subject: Subject;
  readonly feature: string;
  readonly group: string;
  readonly record: RecordView;
}

export type News =
  | { readonly kind: "elected"; readonly leader: PodRef; readonly previous: Holder | undefined }
  /** Nobody leads now. */
  | { readonly kind: "lost"; readonly previous: Holder }
  /** A hand-over to `leader` (undefined: to nobody) does not end. */
  | { readonly kind: "stalled"; readonly leader: Holder | undefined };

const eventOf = (facts: HandoverFacts, news: News): OutgoingEvent => {
  switch (news.kind) {
    case "elected":
      return leaderElected({ ...facts, leader: news.leader, previous: news.previous });
    case "lost":
      return leaderLost({ ...facts, leader: undefined, previous: news.previous });
    case "stalled":
      return handoverStalled({ ...facts, leader: news.leader });
  }
};

/** `reason`: why, in a few words. Says nothing of a record without epoch: nothing was handed over under it. */
export const announce = (
  { clock, emit }: FeatureContext,
  { subject, feature, group, record }: Leadership,
  news: News & { readonly reason: string },
): void => {
  if (record.epoch === undefined) return;
  const { resource, namespace, name, uid } = subject;
  const facts: HandoverFacts = {
    feature,
    owner: { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid },
    group,
    record: { name: record.name, uid: record.uid },
    epoch: record.epoch,
    reason: news.reason,
    time: new Date(clock.serverNow()).toISOString(),
  };
  emit(eventOf(facts, news));
};
