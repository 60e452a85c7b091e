/**
 * Where the API server is and what proves who we are: the pod's service account, or settings outside a cluster. Tokens
 * and certificates rotate on disk under a running process, so they are read again when their file changes.
 */
import { readFileSync, statSync } from "node:fs";
import { isIPv6 } from "node:net";
import { monotonicMs } from "../host/server-clock.ts";

/** https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
const CHECK_INTERVAL_MS = 1000;

export interface ApiServerLocation {
  readonly server: string;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const explicitLocation = (environment: Environment, server: string): ApiServerLocation | string => {
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    return `BELLWETHER_API_SERVER is "${server}"; accepted: an http or https URL, such as https://127.0.0.1:6443`;
  }
  return {
    server,
    tokenFile: environment["BELLWETHER_TOKEN_FILE"] || undefined,
    caFile: environment["BELLWETHER_CA_FILE"] || undefined,
  };
};

/**
 * `BELLWETHER_API_SERVER` with the optional `BELLWETHER_TOKEN_FILE` and `BELLWETHER_CA_FILE` when it is set, else the
 * pod's service account as the kubelet provides it. Returns a message when neither is there.
 */
export const locateApiServer = (environment: Environment): ApiServerLocation | string => {
  const explicit = environment["BELLWETHER_API_SERVER"];
  if (explicit !== undefined && explicit !== "") return explicitLocation(environment, explicit);
  const host = environment["KUBERNETES_SERVICE_HOST"];
  if (host === undefined || host === "") {
    return "BELLWETHER_API_SERVER is not set; accepted: an http or https URL; in a pod KUBERNETES_SERVICE_HOST serves";
  }
  const port = environment["KUBERNETES_SERVICE_PORT"] || "443";
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    tokenFile: `${SERVICE_ACCOUNT_DIRECTORY}/token`,
    caFile: `${SERVICE_ACCOUNT_DIRECTORY}/ca.crt`,
  };
};

interface WatchedFile {
  read(): string;
  /** The next `read` looks at the disk, however recent the last look was. */
  expire(): void;
}

const watchFile = (path: string, monotonic: () => number): WatchedFile => {
  let content = "";
  let version = "";
  let checkedAt = Number.NEGATIVE_INFINITY;
  const refresh = (): void => {
    const { mtimeMs, ino } = statSync(path);
    const found = `${mtimeMs}/${ino}`;
    if (found === version) return;
    const text = readFileSync(path, "utf8").trim();
    if (text === "") throw new Error(`${path} is empty`);
    content = text;
    version = found;
  };
  refresh();
  return {
    read() {
      if (monotonic() - checkedAt < CHECK_INTERVAL_MS) return content;
      checkedAt = monotonic();
      try {
        refresh();
      } catch {
        // In mid-rotation the last good content is the best there is; if it is outdated, the server says 401.
      }
      return content;
    },
    expire() {
      checkedAt = Number.NEGATIVE_INFINITY;
      version = "";
    },
  };
};

/** Fits `createTransport`: spread it into the options. */
export interface Credentials {
  readonly server: string;
  readonly ca: () => string | undefined;
  readonly token: () => string | undefined;
  readonly onUnauthorized: () => void;
}

const open = (what: string, path: string | undefined, monotonic: () => number): WatchedFile | undefined => {
  if (path === undefined) return undefined;
  try {
    return watchFile(path, monotonic);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the ${what} of the API server: ${cause}`, { cause: error });
  }
};

/**
 * Reads both files at once and again when they change (looked at once a second at most, and at the call after a 401).
 * Throws when a file that is named cannot be read at the start; later failures keep the last content.
 */
export const createCredentials = (location: ApiServerLocation, monotonic: () => number = monotonicMs): Credentials => {
  const token = open("token", location.tokenFile, monotonic);
  const ca = open("CA certificate", location.caFile, monotonic);
  return {
    server: location.server,
    ca: () => ca?.read(),
    token: () => token?.read(),
    onUnauthorized: () => token?.expire(),
  };
};
