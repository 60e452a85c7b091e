/**
 * The HTTP requests of Knative's two source adapters, header for header: `events.go` and `delegate.go` of the ApiServerSource adapter,
 * `runner.go` of the PingSource adapter (knative.dev/eventing v0.50.0), sent by Go's HTTP client.
 */
import { randomUUID } from "node:crypto";
import { objectPath, objectType, TICK_TYPE, type Change } from "../names.ts";
import { goJson } from "./go-json.ts";

export type EventMode = "Resource" | "Reference";

/** The source object that a real adapter would belong to. */
export interface Origin {
  readonly namespace: string;
  readonly name: string;
}

export interface SourceMessage {
  /** What logs call it. */
  readonly title: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An object of the watch stream; the stream always carries these. */
export interface StreamedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion: string;
  };
}

/** Go writes Host, User-Agent and Content-Length first, its own Accept-Encoding last, and sorts what is between. */
const goHeaders = (sink: URL, body: string, headers: Readonly<Record<string, string>>): Record<string, string> => ({
  Host: sink.host,
  "User-Agent": "Go-http-client/1.1",
  "Content-Length": String(Buffer.byteLength(body)),
  ...Object.fromEntries(Object.entries(headers).toSorted(([left], [right]) => (left < right ? -1 : 1))),
  "Accept-Encoding": "gzip",
});

const attributes = (type: string, source: string, origin: Origin): Record<string, string> => ({
  "Ce-Id": randomUUID(),
  "Ce-Source": source,
  "Ce-Specversion": "1.0",
  "Ce-Time": new Date(Date.now()).toISOString(),
  "Ce-Type": type,
  "Kn-Namespace": origin.namespace,
});

export interface ObjectMessageOptions {
  readonly sink: URL;
  readonly origin: Origin;
  /** URL of the API server, which the adapter uses as `source`. */
  readonly server: string;
  readonly mode: EventMode;
}

/** What the ApiServerSource adapter posts for a change. */
export const objectMessage = (options: ObjectMessageOptions, change: Change, object: StreamedObject): SourceMessage => {
  const { sink, origin, server, mode } = options;
  const { apiVersion, kind } = object;
  const { name, namespace = "" } = object.metadata;
  const type = objectType(mode === "Resource" ? "resource" : "ref", change);
  const subject = objectPath({ apiVersion, kind, namespace, name });
  // A reference is a Go struct: its fields keep the order of their declaration.
  const body = mode === "Resource" ? goJson(object) : JSON.stringify({ kind, namespace, name, apiVersion });
  const headers = goHeaders(sink, body, {
    ...attributes(type, server, origin),
    "Ce-Apiversion": apiVersion,
    "Ce-Kind": kind,
    "Ce-Name": name,
    "Ce-Namespace": namespace,
    "Ce-Subject": subject,
    "Content-Type": "application/json",
  });
  return { title: `${type} ${subject}`, headers, body };
};

/** What the PingSource adapter posts for a tick; without `data` there is neither body nor content type. */
export const tickMessage = (sink: URL, origin: Origin, data: string | undefined): SourceMessage => {
  const source = `/apis/v1/namespaces/${origin.namespace}/pingsources/${origin.name}`;
  const contentType: Record<string, string> = data === undefined ? {} : { "Content-Type": "application/json" };
  const body = data ?? "";
  return {
    title: `${TICK_TYPE} ${source}`,
    headers: goHeaders(sink, body, { ...attributes(TICK_TYPE, source, origin), ...contentType }),
    body,
  };
};
