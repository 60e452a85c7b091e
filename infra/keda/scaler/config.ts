/**
 * The scaler's environment: everything that the function reads, so that both judge alike, and where the function and the scaler's own
 * gRPC port are.
 */
import { integer, parseUrl, readConfig, type Config, type Variable } from "../../../functions/kit/host/config.ts";
import type { Described } from "../../../functions/kit/host/variables.ts";

export interface ScalerConfig extends Config {
  /** Where events are posted: the function's Service. */
  readonly functionUrl: URL;
  /** For KEDA; 0 lets the system choose. */
  readonly scalerPort: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const FUNCTION_URL: Variable<URL | undefined> = {
  name: "BELLWETHER_FUNCTION_URL",
  fallback: undefined,
  accepts: "an http or https URL, that of the function's Service, such as http://bellwether.bellwether.svc",
  meaning: "Where events are posted. Has to be set.",
  parse: parseUrl,
};

const PORT: Variable<number> = integer({
  name: "BELLWETHER_SCALER_PORT",
  fallback: 9090,
  from: 0,
  to: 65_535,
  meaning: "Port on which KEDA asks, over gRPC; 0 lets the system choose.",
});

/** Read by the scaler alone, for docs/configuration.md. */
export const SCALER_VARIABLES: readonly Described[] = [FUNCTION_URL, PORT];

const read = <T>({ name, fallback, accepts, parse }: Variable<T | undefined>, environment: Environment): T => {
  const text = environment[name] ?? "";
  const value = text === "" ? fallback : parse(text);
  if (value !== undefined) return value;
  throw new Error(`${name} is ${text === "" ? "not set" : `"${text}"`}; accepted: ${accepts}`);
};

/**
 * What `SCALER_VARIABLES` say, and the function's own variables, of which `BELLWETHER_NAMESPACES`, `BELLWETHER_ROLES_NAMESPACES` and
 * `BELLWETHER_TICK_SECONDS` must be the same for both.
 * Throws an `Error` that names the variable, its value and what it accepts.
 */
export const readScalerConfig = (environment: Environment): ScalerConfig => ({
  ...readConfig(environment),
  functionUrl: read(FUNCTION_URL, environment),
  scalerPort: read(PORT, environment),
});
