/**
 * The scaler's environment: everything that the function reads, so that both judge alike, and where the function and the scaler's own
 * gRPC port are.
 */
import { readConfig, type Config } from "../../../functions/kit/host/config.ts";

export interface ScalerConfig extends Config {
  /** Where events are posted: the function's Service. */
  readonly functionUrl: URL;
  /** For KEDA; 0 lets the system choose. */
  readonly scalerPort: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 9090;
const PORT_MOST = 65_535;

const functionUrlIn = (environment: Environment): URL => {
  const text = environment["BELLWETHER_FUNCTION_URL"] ?? "";
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  const got = text === "" ? "not set" : `"${text}"`;
  throw new Error(
    `BELLWETHER_FUNCTION_URL is ${got}; accepted: an http or https URL, that of the function's Service, such as http://bellwether.bellwether.svc`,
  );
};

const scalerPortIn = (environment: Environment): number => {
  const text = environment["BELLWETHER_SCALER_PORT"] ?? "";
  if (text === "") return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= PORT_MOST) return port;
  throw new Error(`BELLWETHER_SCALER_PORT is "${text}"; accepted: a whole number from 0 to ${PORT_MOST}`);
};

/**
 * `BELLWETHER_FUNCTION_URL` (required), `BELLWETHER_SCALER_PORT` (default 9090), and the function's own variables, of which
 * `BELLWETHER_NAMESPACES`, `BELLWETHER_ROLES_NAMESPACES` and `BELLWETHER_TICK_SECONDS` must be the same for both.
 * Throws an `Error` that names the variable, its value and what it accepts.
 */
export const readScalerConfig = (environment: Environment): ScalerConfig => ({
  ...readConfig(environment),
  functionUrl: functionUrlIn(environment),
  scalerPort: scalerPortIn(environment),
});
