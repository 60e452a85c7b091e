/**
 * A real control plane as child processes: etcd, kube-apiserver and kube-controller-manager on free ports, with TLS, RBAC
 * and the shipped CRDs and roles, so that what is tested is what a cluster does. Several run side by side.
 */
import { mkdtemp } from "node:fs/promises";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi, type Api } from "./api.ts";
import { findBinary } from "./binaries.ts";
import { prepareDataFolder, type DataFolder } from "./data-folder.ts";
import { ADMIN, type Identity } from "./identities.ts";
import { applyManifest, crdServed, isCrd, readManifests, type Manifest } from "./manifests.ts";
import { partSpecs, secondApiServerSpec, type ControlPlanePart } from "./parts.ts";
import { poll } from "./poll.ts";
import { freePort } from "./ports.ts";
import { createProcessGroup, type LabProcess, type ProcessGroup } from "./processes.ts";
import { logToStderr, type Log } from "./progress.ts";

export interface ControlPlaneOptions {
  /** Created, and removed by `stop`. Default: a new folder in the system's temporary folder. */
  readonly dataDir?: string | undefined;
  /** Write each change with its bodies to `auditLogFile`. Default false: only opened watches are logged. */
  readonly auditLog?: boolean | undefined;
  readonly apiServerArgs?: readonly string[] | undefined;
  /** For example `--node-monitor-grace-period=8s` where the default of 50 s is too slow. */
  readonly controllerManagerArgs?: readonly string[] | undefined;
  /** Receives progress. Default: standard error. */
  readonly log?: Log | undefined;
}

export interface ApiServer {
  readonly server: string;
  readonly auditLogFile: string;
}

export interface ControlPlane {
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  readonly caPem: string;
  readonly caFile: string;
  /** What the API server proves itself with on 127.0.0.1, for what stands in its place. */
  readonly serverTls: { readonly cert: string; readonly key: string };
  readonly dataDir: string;
  readonly auditLogFile: string;
  /** Names for `token` and `kubeconfig`: `admin` and the ServiceAccounts of infra/rbac. */
  readonly identities: readonly string[];
  /** The path of a kubeconfig file. @throws for an unknown identity, naming the known ones. */
  readonly kubeconfig: (identity: string) => string;
  /** A bearer token. @throws for an unknown identity, naming the known ones. */
  readonly token: (identity: string) => string;
  /** Runs further programs (adapters, functions) that end with this lab. */
  readonly processes: ProcessGroup;
  readonly kill: (part: ControlPlanePart, signal: NodeJS.Signals) => void;
  /** Starts another kube-apiserver on the same etcd, at most one; it ends with the plane. Resolves once it is ready. */
  readonly addApiServer: () => Promise<ApiServer>;
  /** Kills the part if it still runs, starts it again with the same data and port, and waits until it is ready. */
  readonly restart: (part: ControlPlanePart) => Promise<void>;
  /** Resolves once no process and no file is left. */
  readonly stop: () => Promise<void>;
}

const readyDeadlineMs = 60_000;
const pollMs = 20;

const infra = join(import.meta.dirname, "..");

const isHealthy = (url: string, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    get(url, { ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
  });

/** @throws with the log of the part when it dies: it will never be ready. */
const ready = (process: LabProcess, url: string, ca: string): Promise<true> =>
  poll(
    async () => {
      const failure = process.failure();
      if (failure !== undefined) throw new Error(failure);
      return (await isHealthy(url, ca)) ? true : undefined;
    },
    { what: `${process.name} ready`, everyMs: pollMs, deadlineMs: readyDeadlineMs },
  );

const NAMESPACE: Manifest = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "bellwether" },
};

const installManifests = async (api: Api, roles: readonly Manifest[]): Promise<void> => {
  const crds = readManifests(join(infra, "crds"));
  await applyManifest(api, NAMESPACE);
  await Promise.all([...crds, ...roles].map((manifest) => applyManifest(api, manifest)));
  await Promise.all(crds.filter(isCrd).map((crd) => crdServed(api, crd)));
};

const identityOf = ({ identities }: DataFolder, name: string): Identity => {
  const identity = identities.get(name);
  if (identity !== undefined) return identity;
  throw new Error(`identity is ${JSON.stringify(name)}; it must be one of ${[...identities.keys()].join(", ")}`);
};

const findBinaries = async (options: ControlPlaneOptions): Promise<Readonly<Record<ControlPlanePart, string>>> => {
  const wanted = { log: options.log ?? logToStderr };
  // One after the other: parallel builds would only share the same cores.
  const etcd = await findBinary("etcd", wanted);
  const apiServer = await findBinary("kube-apiserver", wanted);
  const controllerManager = await findBinary("kube-controller-manager", wanted);
  return { etcd, "kube-apiserver": apiServer, "kube-controller-manager": controllerManager };
};

/**
 * Resolves once the API server is ready, the shipped CRDs are served and the shipped RBAC is in place.
 * @throws with the last lines of its log when a part ends early; nothing is left behind then.
 */
export const startControlPlane = async (options: ControlPlaneOptions = {}): Promise<ControlPlane> => {
  const binaries = await findBinaries(options);
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "bellwether-lab-")));
  const processes = createProcessGroup(dataDir);
  try {
    return await launch(options, { binaries, dataDir, processes });
  } catch (error) {
    await processes.stop();
    throw error;
  }
};

interface Launch {
  readonly binaries: Readonly<Record<ControlPlanePart, string>>;
  readonly dataDir: string;
  readonly processes: ProcessGroup;
}

const launch = async (
  options: ControlPlaneOptions,
  { binaries, dataDir, processes }: Launch,
): Promise<ControlPlane> => {
  const roles = readManifests(join(infra, "rbac"));
  const folder = await prepareDataFolder(dataDir, {
    roles,
    auditWrites: options.auditLog === true,
  });
  const { server, caPem, caFile, serverTls, auditLogFile } = folder;
  const specs = partSpecs(folder, binaries, options);
  const running = new Map<ControlPlanePart, LabProcess>();
  const start = (part: ControlPlanePart): Promise<true> => {
    const { health, ...spec } = specs[part];
    const started = processes.start(spec);
    running.set(part, started);
    return ready(started, health, caPem);
  };
  const restart = async (part: ControlPlanePart): Promise<void> => {
    const previous = running.get(part);
    previous?.kill("SIGKILL");
    await previous?.exited;
    await start(part);
  };
  const addApiServer = async (): Promise<ApiServer> => {
    const place = { port: await freePort(), auditLogFile: join(folder.path, "audit-2.log") };
    const { health, ...spec } = secondApiServerSpec(folder, binaries["kube-apiserver"], { place, extra: options });
    await ready(processes.start(spec), health, caPem);
    return { server: `https://127.0.0.1:${place.port}`, auditLogFile: place.auditLogFile };
  };
  const api = createApi({ server, caPem, token: identityOf(folder, ADMIN).token });
  const stop = async (): Promise<void> => {
    api.close();
    await processes.stop();
  };

  await Promise.all([start("etcd"), start("kube-apiserver")]);
  await Promise.all([start("kube-controller-manager"), installManifests(api, roles)]);
  return {
    server,
    caPem,
    caFile,
    serverTls,
    dataDir,
    auditLogFile,
    identities: [...folder.identities.keys()],
    kubeconfig: (name) => folder.kubeconfigFile(identityOf(folder, name).name),
    token: (name) => identityOf(folder, name).token,
    processes,
    kill: (part, signal) => running.get(part)?.kill(signal),
    addApiServer,
    restart,
    stop,
  };
};
