/**
 * Reads from the API server as the raw stream that it sends. `Watch` of the Kubernetes client is not used: it does not wait for its
 * consumer, as the adapters do, and it ends a quiet watch after 30 s.
 */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";

/** The part of a `KubeConfig` that is needed: where the server is, and how to identify oneself to it. */
export type KubeAccess = Pick<KubeConfig, "getCurrentCluster" | "applyToHTTPSOptions">;

/** An answer other than 200. */
export class StatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Cluster {
  /** As the kubeconfig has it. */
  readonly server: string;
  /** The body of a GET, unread. Rejects with a `StatusError`, or with the connection's error. */
  open(path: string, signal: AbortSignal): Promise<IncomingMessage>;
  /** The parsed body of a GET. Rejects as `open` does. */
  read(path: string, signal: AbortSignal): Promise<unknown>;
}

const READ_DEADLINE_MS = 30_000;

const textOf = async (stream: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk as string;
  return text;
};

const problemOf = (path: string, status: number, text: string): StatusError => {
  try {
    return new StatusError(
      status,
      `GET ${path}: ${status} ${(JSON.parse(text) as { message?: string }).message ?? ""}`,
    );
  } catch {
    return new StatusError(status, `GET ${path}: ${status} ${text.slice(0, 200)}`);
  }
};

/** Throws an `Error` when the kubeconfig has no current cluster. */
export const connectCluster = (access: KubeAccess): Cluster => {
  const server = access.getCurrentCluster()?.server;
  if (server === undefined)
    throw new Error("kubeconfig: got no current cluster, accepts one whose current-context names a cluster");

  const open = async (path: string, signal: AbortSignal): Promise<IncomingMessage> => {
    const url = new URL(server.replace(/\/$/u, "") + path);
    const options: RequestOptions = {
      method: "GET",
      signal,
      headers: { accept: "application/json" },
    };
    await access.applyToHTTPSOptions(options);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      send(url, options, resolve).once("error", reject).end();
    });
    const status = response.statusCode ?? 0;
    if (status === 200) return response;
    throw problemOf(path, status, await textOf(response));
  };

  return {
    server,
    open,
    read: async (path, signal) =>
      JSON.parse(
        await textOf(await open(path, AbortSignal.any([signal, AbortSignal.timeout(READ_DEADLINE_MS)]))),
      ) as unknown,
  };
};
