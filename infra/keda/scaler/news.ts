/** What the function is to be told, and how several pieces of news become one: only the latest state of an object matters. */
import type { Change } from "../../../events/names.ts";
import {
  objectMessage,
  tickMessage,
  type ObjectMessageOptions,
  type SourceMessage,
  type StreamedObject,
} from "../../../events/source/message.ts";
import type { ObjectEvent, WatchedObject } from "../../../events/types.ts";

/** As the watch delivers it. */
export type Watched = StreamedObject & WatchedObject;

export type News =
  | { readonly kind: "change"; readonly change: Change; readonly object: Watched }
  /** Everything is to be looked at. */
  | { readonly kind: "tick" };

export const TICK: News = { kind: "tick" };

/** The same for news that replace each other. A pod that was made again under its old name is another object. */
export const keyOf = (news: News): string => (news.kind === "tick" ? "tick" : news.object.metadata.uid);

/** What is told instead of both: of an object that nobody was told of, also the latest state is new. */
export const merge = (older: News, newer: News): News =>
  older.kind === "change" && newer.kind === "change" && older.change === "add" && newer.change === "update"
    ? { ...newer, change: "add" }
    : newer;

/** As Knative's sources would send it. */
export const messageOf = (news: News, options: ObjectMessageOptions): SourceMessage =>
  news.kind === "tick"
    ? tickMessage(options.sink, options.origin, undefined)
    : objectMessage(options, news.change, news.object);

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
