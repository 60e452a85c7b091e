/** KEDA's HTTP add-on on what `openKeda` installed: the interceptor that holds requests, its scaler for KEDA, and its operator. */
import { networkInterfaces } from "node:os";
import type { Lab } from "../lab.ts";
import type { Manifest } from "../manifests.ts";
import { freePort } from "../ports.ts";
import { install } from "./install.ts";
import { KEDA_NAMESPACE } from "./keda.ts";
import { answersHttp, startPart, untilReady } from "./part.ts";

export interface HttpAddOn {
  /** Where requests enter; the Host header says for whom. */
  readonly url: string;
  /** What the triggers of ScaledObjects name in place of `keda-add-ons-http-external-scaler.keda:9090`. */
  readonly scalerAddress: string;
}

const ADMIN_SERVICE = "keda-add-ons-http-interceptor-admin";

/** An EndpointSlice admits no loopback address. */
const addressOfThisMachine = (): string => {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const address = addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (address === undefined)
    throw new Error("this machine has no IPv4 address but its loopback: the HTTP add-on needs one");
  return address;
};

/** Where the scaler finds interceptors, to ask how many requests they hold. */
const adminEndpoints = (port: number): readonly Manifest[] => {
  const metadata = { name: ADMIN_SERVICE, namespace: KEDA_NAMESPACE };
  const ports = [{ name: "http", port }];
  return [
    { apiVersion: "v1", kind: "Service", metadata, spec: { ports } },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": ADMIN_SERVICE } },
      addressType: "IPv4",
      endpoints: [{ addresses: [addressOfThisMachine()], conditions: { ready: true } }],
      ports,
    } as Manifest,
  ];
};

const QUIET = { OTEL_PROM_EXPORTER_ENABLED: "false" };

const startInterceptor = async (lab: Lab, adminPort: number, services: readonly string[]): Promise<string> => {
  const port = await freePort();
  const process = await startPart(lab.plane, {
    name: "http-interceptor",
    hosts: services,
    env: { KEDA_HTTP_PROXY_PORT: String(port), KEDA_HTTP_ADMIN_PORT: String(adminPort), ...QUIET },
  });
  await untilReady(process, () => answersHttp(`http://127.0.0.1:${adminPort}/readyz`));
  return `http://127.0.0.1:${port}/`;
};

const startScaler = async (lab: Lab, adminPort: number): Promise<string> => {
  const port = await freePort();
  await startPart(lab.plane, {
    name: "http-scaler",
    env: {
      KEDA_HTTP_SCALER_TARGET_ADMIN_NAMESPACE: KEDA_NAMESPACE,
      KEDA_HTTP_SCALER_TARGET_ADMIN_DEPLOYMENT: "keda-add-ons-http-interceptor",
      KEDA_HTTP_SCALER_TARGET_ADMIN_SERVICE: ADMIN_SERVICE,
      KEDA_HTTP_SCALER_TARGET_ADMIN_PORT: String(adminPort),
      KEDA_HTTP_SCALER_PORT: String(port),
      ...QUIET,
    },
  });
  return `127.0.0.1:${port}`;
};

const startOperator = async (lab: Lab): Promise<void> => {
  const healthPort = await freePort();
  const process = await startPart(lab.plane, {
    name: "http-operator",
    args: ["--metrics-bind-address=0", `--health-probe-bind-address=127.0.0.1:${healthPort}`],
    env: {
      KEDA_HTTP_OPERATOR_NAMESPACE: KEDA_NAMESPACE,
      KEDA_HTTP_OPERATOR_EXTERNAL_SCALER_SERVICE: "keda-add-ons-http-external-scaler",
    },
  });
  await untilReady(process, () => answersHttp(`http://127.0.0.1:${healthPort}/readyz`));
};

/** `services`: the Services, as `<name>.<namespace>`, whose pods are processes on this machine. @throws when a part is not ready in a minute. */
export const startHttpAddOn = async (lab: Lab, services: readonly string[]): Promise<HttpAddOn> => {
  const adminPort = await freePort();
  await install(lab.api, adminEndpoints(adminPort));
  const [url, scalerAddress] = await Promise.all([
    startInterceptor(lab, adminPort, services),
    startScaler(lab, adminPort),
    startOperator(lab),
  ]);
  return { url, scalerAddress };
};
