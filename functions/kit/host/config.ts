/**
 * Every setting of the function, read from the environment once. The same table gives the values, the messages and
 * docs/configuration.md, so that they cannot disagree.
 */
import { parseCeOverrides } from "../../../events/overrides.ts";
import type { CeOverrides } from "../../../events/overrides.ts";
import { locateApiServer } from "../kube/credentials.ts";
import type { ApiServerLocation } from "../kube/credentials.ts";
import { LEVELS } from "./log.ts";
import type { Level } from "./log.ts";

type Mode = "active" | "observe";

interface Settings {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly mode: Mode;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** Namespaces whose StatefulSets LeaderStatusCheckers of other namespaces may name. */
  readonly rolesNamespaces: readonly string[];
  readonly clusterDomain: string;
  readonly tickSeconds: number;
  readonly ackAfterMs: number;
  readonly concurrency: number;
  readonly groupDeadlineMs: number;
  readonly requestDeadlineMs: number;
  readonly bodyLimitBytes: number;
  readonly logLevel: Level;
  readonly sink: URL | undefined;
  readonly ceOverrides: CeOverrides;
}

export interface Config extends Settings {
  readonly apiServer: ApiServerLocation;
}

/** One environment variable. An empty value counts as unset, because manifests often spell it so. */
export interface Variable<T> {
  readonly name: string;
  /** The value when it is unset. */
  readonly fallback: T;
  readonly accepts: string;
  readonly meaning: string;
  /** Undefined: the text is not acceptable. */
  readonly parse: (text: string) => T | undefined;
}

interface Range {
  readonly name: string;
  readonly fallback: number;
  readonly from: number;
  readonly to: number;
  readonly meaning: string;
}

export const integer = ({ name, fallback, from, to, meaning }: Range): Variable<number> => ({
  name,
  fallback,
  accepts: `a whole number from ${from} to ${to}`,
  meaning,
  parse: (text) => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    return value >= from && value <= to ? value : undefined;
  },
});

interface Choice<T extends string> {
  readonly name: string;
  readonly fallback: T;
  readonly among: readonly T[];
  readonly meaning: string;
}

const choice = <T extends string>({ name, fallback, among, meaning }: Choice<T>): Variable<T> => ({
  name,
  fallback,
  accepts: among.map((value) => `\`${value}\``).join(", "),
  meaning,
  parse: (text) => among.find((value) => value === text),
});

/** RFC 1123 subdomain. */
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** RFC 1123 label, as the API server requires of a namespace's name. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const parseNamespaces = (text: string): readonly string[] | undefined => {
  const names = text.split(",").map((name) => name.trim());
  return names.every((name) => NAMESPACE.test(name)) ? [...new Set(names)] : undefined;
};

export const parseUrl = (text: string): URL | undefined => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
};

const parseOverrides = (text: string): CeOverrides | undefined => {
  try {
    return parseCeOverrides(text);
  } catch {
    return undefined;
  }
};

type Table = { readonly [K in keyof Settings]: Variable<Settings[K]> };

/** Those that become settings, in the order of the documentation. */
export const TABLE: Table = {
  port: integer({
    name: "PORT",
    fallback: 8080,
    from: 0,
    to: 65_535,
    meaning: "Port to listen on; 0 lets the system choose.",
  }),
  mode: choice({
    name: "BELLWETHER_MODE",
    fallback: "active",
    among: ["active", "observe"],
    meaning: "`observe` decides and logs, and writes nothing.",
  }),
  namespaces: {
    name: "BELLWETHER_NAMESPACES",
    fallback: [],
    accepts: "names of namespaces, separated by commas",
    meaning: "Namespaces to serve; unset means all of them.",
    parse: parseNamespaces,
  },
  rolesNamespaces: {
    name: "BELLWETHER_ROLES_NAMESPACES",
    fallback: [],
    accepts: "names of namespaces, separated by commas",
    meaning:
      "Namespaces whose StatefulSets a LeaderStatusChecker of another namespace may name, which lets it relabel their pods; unset means none.",
    parse: parseNamespaces,
  },
  clusterDomain: {
    name: "BELLWETHER_CLUSTER_DOMAIN",
    fallback: "cluster.local",
    accepts: "a DNS name",
    meaning: "The cluster's DNS domain, for LeaderStatusCheckers with `spec.addressing: DNS`.",
    parse: (text) => (DOMAIN.test(text) ? text : undefined),
  },
  tickSeconds: integer({
    name: "BELLWETHER_TICK_SECONDS",
    fallback: 10,
    from: 1,
    to: 3600,
    meaning: "Period of the cron source; it decides which Leases are due, and which are too short to be kept.",
  }),
  ackAfterMs: integer({
    name: "BELLWETHER_ACK_AFTER_MS",
    fallback: 25,
    from: 0,
    to: 10_000,
    meaning:
      "How long a reply waits for its run, unless other groups run. The source sends no more until then; a crash after it loses the run.",
  }),
  concurrency: integer({
    name: "BELLWETHER_CONCURRENCY",
    fallback: 16,
    from: 1,
    to: 1000,
    meaning:
      "Groups that are run at the same time; at most half of them ones that failed slowly (after a second or more), or waited so long for their pods, the last time.",
  }),
  groupDeadlineMs: integer({
    name: "BELLWETHER_GROUP_DEADLINE_MS",
    fallback: 10_000,
    from: 100,
    to: 600_000,
    meaning: "Bound of one run of one group; afterwards it is run again.",
  }),
  requestDeadlineMs: integer({
    name: "BELLWETHER_REQUEST_DEADLINE_MS",
    fallback: 5000,
    from: 50,
    to: 60_000,
    meaning: "Bound of one call to the API server.",
  }),
  bodyLimitBytes: integer({
    name: "BELLWETHER_BODY_LIMIT_BYTES",
    fallback: 4 * 1024 * 1024,
    from: 1024,
    to: 64 * 1024 * 1024,
    meaning: "Largest event that is read.",
  }),
  logLevel: choice({
    name: "LOG_LEVEL",
    fallback: "info",
    among: LEVELS,
    meaning: "Least severe lines that are logged.",
  }),
  sink: {
    name: "K_SINK",
    fallback: undefined,
    accepts: "an http or https URL",
    meaning: "Where CloudEvents about hand-overs are sent; unset means nowhere. A Knative SinkBinding sets it.",
    parse: parseUrl,
  },
  ceOverrides: {
    name: "K_CE_OVERRIDES",
    fallback: {},
    accepts: 'JSON such as `{"extensions":{"name":"value"}}`, names of lower-case letters and digits, values not empty',
    meaning: "Extension attributes added to the CloudEvents that are sent. A Knative SinkBinding sets it.",
    parse: parseOverrides,
  },
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The validated configuration.
 * Throws one error that lists every problem, a line each, naming the variable, its value and what it accepts.
 */
export const readConfig = (environment: Environment): Config => {
  const problems: string[] = [];
  const read = <T>(variable: Variable<T>): T => {
    const text = environment[variable.name];
    if (text === undefined || text === "") return variable.fallback;
    const value = variable.parse(text);
    if (value !== undefined) return value;
    problems.push(`${variable.name} is "${text}"; accepted: ${variable.accepts.replaceAll("`", "")}`);
    return variable.fallback;
  };
  const settings: Settings = {
    port: read(TABLE.port),
    mode: read(TABLE.mode),
    namespaces: read(TABLE.namespaces),
    rolesNamespaces: read(TABLE.rolesNamespaces),
    clusterDomain: read(TABLE.clusterDomain),
    tickSeconds: read(TABLE.tickSeconds),
    ackAfterMs: read(TABLE.ackAfterMs),
    concurrency: read(TABLE.concurrency),
    groupDeadlineMs: read(TABLE.groupDeadlineMs),
    requestDeadlineMs: read(TABLE.requestDeadlineMs),
    bodyLimitBytes: read(TABLE.bodyLimitBytes),
    logLevel: read(TABLE.logLevel),
    sink: read(TABLE.sink),
    ceOverrides: read(TABLE.ceOverrides),
  };
  const apiServer = locateApiServer(environment);
  if (typeof apiServer !== "string" && problems.length === 0) return { ...settings, apiServer };
  if (typeof apiServer === "string") problems.push(apiServer);
  throw new Error(`the configuration is not valid:\n${problems.join("\n")}`);
};
