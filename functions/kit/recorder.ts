/**
 * Kubernetes Events (events.k8s.io/v1). The name is a function of the content, so that the same Event reported by
 * several instances, or again within the hour that the API server keeps it, exists once.
 */
import { createHash } from "node:crypto";
import { microTime } from "./kube/micro-time.ts";
import { apiVersionOf, createRequest, EVENTS, type KubeRequest, type Resource } from "./kube/request.ts";

const NAME_CHARACTERS_MAX = 200;
const NOTE_BYTES_MAX = 1024;

export interface Notice {
  readonly type: "Normal" | "Warning";
  /** UpperCamelCase, from a closed set. */
  readonly reason: string;
  /** What was being done: `Elect`, `HandOver`, `Validate`, … */
  readonly action: string;
  readonly note: string;
  /** What makes two reports the same Event, such as an epoch, however they are worded; default: the note. */
  readonly identity?: string;
}

export interface Regarding {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A name must not end in a dash or a dot before the next dot. */
const prefixOf = (name: string): string => name.slice(0, NAME_CHARACTERS_MAX).replace(/[-.]+$/, "");

/** Whole characters only. */
const cutToBytes = (text: string, bytesMax: number): string => {
  const bytes = Buffer.from(text);
  return bytes.length <= bytesMax ? text : new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
};

export const eventRequest = (
  regarding: Regarding,
  notice: Notice,
  { now, instance }: { now: number; instance: string },
): KubeRequest => {
  const { resource, namespace, name, uid } = regarding;
  const content = [uid, notice.type, notice.reason, notice.identity ?? notice.note].join("\n");
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
  return createRequest(EVENTS, namespace, {
    apiVersion: apiVersionOf(EVENTS),
    kind: EVENTS.kind,
    metadata: { name: `${prefixOf(name)}.${digest}`, namespace },
    eventTime: microTime(now),
    reportingController: "bellwether.dev/function",
    reportingInstance: instance,
    action: notice.action,
    reason: notice.reason,
    type: notice.type,
    note: cutToBytes(notice.note, NOTE_BYTES_MAX),
    regarding: { apiVersion: apiVersionOf(resource), kind: resource.kind, namespace, name, uid },
  });
};
