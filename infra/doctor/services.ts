/** Whether a Service leads to a process of ours: to its pods, and there to the port that it listens on. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { selects } from "../../functions/kit/selector.ts";
import { environmentOf } from "./environment.ts";
import type { Installation, Workload } from "./installation.ts";
import { nameOf } from "./snapshot.ts";

export interface Listener {
  /** In messages. */
  readonly what: string;
  readonly workload: Workload;
  readonly port: number;
}

const HTTP_PORT = 8080;
const GRPC_PORT = 9090;

const portIn = (workload: Workload, variable: "PORT" | "BELLWETHER_SCALER_PORT", fallback: number): number =>
  Number(environmentOf(workload)[variable] ?? fallback);

/** Where events are posted. */
export const functionListener = ({ fn: workload }: Installation): Listener => ({
  what: "the function",
  workload,
  port: portIn(workload, "PORT", HTTP_PORT),
});

/** Where KEDA asks. */
export const scalerListener = (workload: Workload): Listener => ({
  what: "the scaler",
  workload,
  port: portIn(workload, "BELLWETHER_SCALER_PORT", GRPC_PORT),
});

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
}

interface ServiceSpec {
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
}

const specOf = ({ spec }: KubeObject): ServiceSpec => spec ?? {};

/** `port`: a number, or a name as an InterceptorRoute may have it. */
const findPort = (service: KubeObject, port: number | string): ServicePort | undefined =>
  (specOf(service).ports ?? []).find((candidate) => candidate.port === port || candidate.name === port);

/** Undefined: the Service has the port. */
export const portProblem = (service: KubeObject, port: number | string): string | undefined => {
  if (findPort(service, port) !== undefined) return undefined;
  const all = (specOf(service).ports ?? []).map((candidate) => candidate.port);
  return `${nameOf(service)} has no port ${port}, it has ${all.length === 0 ? "none" : all.join(", ")}`;
};

/** Undefined: whoever calls that port of the Service gets to the process. */
export const serviceProblem = (
  service: KubeObject,
  port: number | string,
  { what, workload, port: listening }: Listener,
): string | undefined => {
  const { selector } = specOf(service);
  if (selector === undefined || !selects({ matchLabels: selector }, workload.labels))
    return `${nameOf(service)} does not select ${what}`;
  const found = findPort(service, port);
  if (found === undefined) return portProblem(service, port);
  const { targetPort = found.port } = found;
  const reached =
    typeof targetPort === "number"
      ? targetPort
      : (workload.container.ports ?? []).find(({ name }) => name === targetPort)?.containerPort;
  if (reached === listening) return undefined;
  return `port ${port} of ${nameOf(service)} has targetPort ${targetPort}, and ${what} listens on ${listening}`;
};
