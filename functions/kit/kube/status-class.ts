/**
 * What an answer of the API server means for the caller's next step: one table, so that no feature interprets codes.
 * Codes: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 */
import type { KubeResponse } from "./request.ts";

export type StatusClass =
  | "ok"
  /** The object (404) or the snapshot asked for (410) is no longer there. */
  | "gone"
  /** A precondition failed: somebody was faster, or the object was recreated under the same name. */
  | "stale"
  | "exists"
  | "denied"
  /** A creation in a namespace that is being deleted. */
  | "terminating"
  /** The request can never succeed as it is. */
  | "invalid"
  /** No answer, or one that asks to come back: nothing is known about a write. */
  | "wait";

interface Status {
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: {
    readonly retryAfterSeconds?: unknown;
    readonly causes?: readonly { readonly reason?: unknown; readonly field?: unknown }[];
  };
}

const statusOf = (response: KubeResponse): Status =>
  typeof response.body === "object" && response.body !== null ? response.body : {};

const hasCause = (status: Status, field: "reason" | "field", value: string): boolean => {
  const causes = status.details?.causes;
  return Array.isArray(causes) && causes.some((cause) => cause[field] === value);
};

const classifyRefusal = (code: number, status: Status): StatusClass => {
  switch (code) {
    case 404:
    case 410:
      return "gone";
    case 409:
      return status.reason === "AlreadyExists" ? "exists" : "stale";
    case 422:
      return hasCause(status, "field", "metadata.uid") ? "stale" : "invalid";
    case 403:
      return hasCause(status, "reason", "NamespaceTerminating") ? "terminating" : "denied";
    default:
      return "invalid";
  }
};

/** The class of an answer; everything that is neither a success nor a 4xx other than 401 and 429 is `wait`. */
export const classify = (response: KubeResponse): StatusClass => {
  const { status: code } = response;
  if (code >= 200 && code < 300) return "ok";
  // The next call reads the token anew, and another instance has its own.
  if (code < 400 || code === 401 || code === 429 || code >= 500) return "wait";
  return classifyRefusal(code, statusOf(response));
};

/** How long the server asks to wait, in milliseconds; undefined when it does not say. */
export const retryAfterMs = (response: KubeResponse): number | undefined => {
  const seconds = statusOf(response).details?.retryAfterSeconds;
  return typeof seconds === "number" && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
};

/** One line for logs and conditions, such as `409 Conflict: the object has been modified`. */
export const describe = (response: KubeResponse): string => {
  const { reason, message } = statusOf(response);
  const head = [response.status, reason]
    .filter((part) => typeof part === "number" || typeof part === "string")
    .join(" ");
  return typeof message === "string" && message !== "" ? `${head}: ${message}` : head;
};
