/** What the demo plays on: a Kubernetes API with a StatefulSet controller and a kubelet, sources of events, an observer. */
import type { Transport } from "../../functions/kit/kube/request.ts";
import type { Revision } from "../../functions/kit/history/revision.ts";
import type { ControlPlane } from "../lab/control-plane.ts";

export interface Stage {
  /** For the heading: what is real and what is not. */
  readonly description: string;
  /** A controller makes EndpointSlices of Services. */
  readonly hasEndpoints: boolean;
  /** What an instance of the function needs in order to run against it. */
  readonly plane: Pick<ControlPlane, "server" | "caPem" | "caFile" | "dataDir" | "processes" | "token">;
  /** Reads, as administrator. */
  readonly transport: { readonly send: Transport };
  /** Changes, as a user's kubectl would make them. @throws when refused. */
  change(method: "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<void>;
  setReady(namespace: string, pod: string, ready: boolean): Promise<void>;
  /** Streams changes and ticks to the sink, as Knative's ApiServerSource and PingSource do. */
  startSources(sink: URL, tickSeconds: number): Promise<void>;
  /** Everything that was ever written, so far. */
  readonly revisions: readonly Revision[];
  /** How to look around while it is kept. */
  readonly access: string;
  stop(): Promise<void>;
}

export interface StageOptions {
  /** Address of a pod by its name; default: one at which nothing answers. */
  readonly addressOf?: ((pod: string) => string) | undefined;
}
