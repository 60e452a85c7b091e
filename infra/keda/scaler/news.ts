/** What the function is to be told, and how several pieces of news become one: only the latest state of an object matters. */
import { ROLE_CLAIMED, type Change } from "../../../events/names.ts";
import {
  objectMessage,
  tickMessage,
  type ObjectMessageOptions,
  type SourceMessage,
  type StreamedObject,
} from "../../../events/source/message.ts";
import type { ClaimEvent, ObjectEvent, WatchedObject } from "../../../events/types.ts";

/** As the watch delivers it. */
export type Watched = StreamedObject & WatchedObject;

export type News =
  | { readonly kind: "change"; readonly change: Change; readonly object: Watched }
  /** A pod says that it leads. */
  | { readonly kind: "claim"; readonly claim: ClaimEvent }
  /** Everything is to be looked at. */
  | { readonly kind: "tick" };

export const TICK: News = { kind: "tick" };

/** The same for news that replace each other. A pod that was made again under its old name is another object. */
export const keyOf = (news: News): string => {
  if (news.kind === "change") return news.object.metadata.uid;
  return news.kind === "claim" ? `claim:${news.claim.namespace}/${news.claim.pod}` : "tick";
};

/** What is told instead of both: of an object that nobody was told of, also the latest state is new. */
export const merge = (older: News, newer: News): News =>
  older.kind === "change" && newer.kind === "change" && older.change === "add" && newer.change === "update"
    ? { ...newer, change: "add" }
    : newer;

/** In structured mode, where no text of somebody else's has to be fit for a header. */
const claimMessage = ({ id, source, namespace, pod }: ClaimEvent): SourceMessage => ({
  title: `${ROLE_CLAIMED} ${namespace}/${pod}`,
  headers: { "Content-Type": "application/cloudevents+json" },
  body: JSON.stringify({ specversion: "1.0", id, source, type: ROLE_CLAIMED, namespace, name: pod }),
});

/** As Knative's sources, or the pod itself, would send it. */
export const messageOf = (news: News, options: ObjectMessageOptions): SourceMessage => {
  if (news.kind === "change") return objectMessage(options, news.change, news.object);
  return news.kind === "claim" ? claimMessage(news.claim) : tickMessage(options.sink, options.origin, undefined);
};

/** As the function would decode it. */
export const eventOf = (change: Change, object: Watched): ObjectEvent => {
  const { apiVersion, kind, metadata } = object;
  const { uid, resourceVersion, namespace = "", name } = metadata;
  return {
    type: "object",
    id: `${uid}/${resourceVersion}`,
    source: "",
    change,
    apiVersion,
    kind,
    namespace,
    name,
    object,
  };
};
