/**
 * The audit log: opened watches are always written down, because it is the only place that tells when another process's
 * watch began; writes with their bodies on request. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
 */
import { readFileSync } from "node:fs";
import { stringify } from "yaml";

/** One line of the audit log, as far as the lab reads it (audit.k8s.io/v1 Event). */
export interface AuditEvent {
  readonly stage: "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  /** Of a write, with `withWrites`: the body; of a deletion its options. */
  readonly requestObject?: unknown;
  readonly responseStatus?: { readonly code: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** `withWrites`: each write is logged with request and response bodies, once, when it was answered. */
export const auditPolicy = (withWrites: boolean): string =>
  stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    rules: [
      { level: "Metadata", verbs: ["watch"], omitStages: ["RequestReceived"] },
      ...(withWrites
        ? [
            {
              level: "RequestResponse",
              verbs: ["create", "update", "patch", "delete", "deletecollection"],
              omitStages: ["RequestReceived", "ResponseStarted"],
            },
          ]
        : []),
      { level: "None" },
    ],
  });

/** The events in the order in which they were written, from a byte of the file on; an unfinished last line is left out. */
export const readAuditLog = (file: string, fromByte = 0): readonly AuditEvent[] =>
  readFileSync(file)
    .subarray(fromByte)
    .toString()
    .split("\n")
    .slice(0, -1)
    .map((line): AuditEvent => JSON.parse(line));
