/**
 * The local source as a command: its options, their defaults and its end. How the API server is reached is the caller's: a kubeconfig on
 * a developer's machine, a service account in a cluster, which needs no client library.
 */
import { parseArgs } from "node:util";
import type { KubeAccess } from "./cluster.ts";
import type { EventMode } from "./message.ts";
import { startLocalSource, type LocalSourceOptions, type WatchedResource } from "./local-source.ts";

/** The access that `--kubeconfig` asks for; undefined: the default one. */
export type FindAccess = (kubeconfig: string | undefined) => Promise<KubeAccess>;

/** What the shipped ApiServerSources stream. */
const DEFAULT_RESOURCES = [
  "v1/pods",
  "v1/services",
  "apps/v1/statefulsets",
  "app.anukkrit.me/v1/statefulsetlocks",
  "node-role.bb-noti.io/v1/leaderstatuscheckers",
  "discovery.k8s.io/v1/endpointslices?endpointslice.kubernetes.io/managed-by=bellwether.dev",
];

const HELP = `Sends what Knative's ApiServerSource and PingSource would send, without Knative.

Usage: npm run source -- --sink URL [options]

  --sink URL              where to post the events, such as http://127.0.0.1:8080/
  --kubeconfig FILE       default: KUBECONFIG, ~/.kube/config, or the pod's service account
  --namespace NAME        namespace to watch; may be repeated; default: default
  --all-namespaces        watch all namespaces
  --resource R[?SELECTOR] such as v1/pods?app=db; may be repeated
                          default: ${DEFAULT_RESOURCES.join(",\n                          ")}
  --mode MODE             Resource (whole objects, the default) or Reference (names only)
  --schedule CRON         also send ticks; five fields or six with seconds, in UTC: '*/10 * * * * *'
  --help                  this text

Objects that exist at the start are not reported, as with Knative. Ctrl-C ends it.
`;

const parseResource = (text: string): WatchedResource => {
  const match = /^(?<apiVersion>(?:[a-z0-9.-]+\/)?v[a-z0-9]+)\/(?<plural>[a-z0-9.-]+)(?:\?(?<selector>.+))?$/u.exec(
    text,
  );
  const { apiVersion, plural, selector } = match?.groups ?? {};
  if (apiVersion === undefined || plural === undefined) {
    throw new Error(
      `--resource: got "${text}", accepts [GROUP/]VERSION/PLURAL[?SELECTOR], such as apps/v1/statefulsets?app=db`,
    );
  }
  return { apiVersion, plural, labelSelector: selector };
};

const parseSink = (text: string | undefined): URL => {
  const url = text === undefined ? null : URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new Error(`--sink: got ${text ?? "nothing"}, accepts an http or https URL`);
  }
  return url;
};

const parseMode = (text: string): EventMode => {
  if (text === "Resource" || text === "Reference") return text;
  throw new Error(`--mode: got "${text}", accepts Resource or Reference`);
};

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const optionsOf = async (args: readonly string[], findAccess: FindAccess): Promise<LocalSourceOptions | undefined> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sink: { type: "string" },
      kubeconfig: { type: "string" },
      namespace: { type: "string", multiple: true },
      "all-namespaces": { type: "boolean", default: false },
      resource: { type: "string", multiple: true, default: DEFAULT_RESOURCES },
      mode: { type: "string", default: "Resource" },
      schedule: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { namespace = ["default"], schedule } = values;
  const sink = parseSink(values.sink);
  const mode = parseMode(values.mode);
  const resources = values.resource.map(parseResource);
  return {
    sink,
    kubeConfig: await findAccess(values.kubeconfig),
    origin: { namespace: namespace[0] ?? "default", name: "local" },
    resources,
    namespaces: values["all-namespaces"] ? "all" : namespace,
    mode,
    schedule: schedule === undefined ? undefined : { cron: schedule, data: undefined },
    log,
  };
};

const run = async (args: readonly string[], findAccess: FindAccess): Promise<void> => {
  const options = await optionsOf(args, findAccess);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const source = await startLocalSource(options);
  log(`watching; sending to ${options.sink.href}`);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void source.stop());
};

/** Runs until SIGINT or SIGTERM. A start that fails is told on standard error, with exit code 1. Never rejects. */
export const runSource = async (args: readonly string[], findAccess: FindAccess): Promise<void> => {
  try {
    await run(args, findAccess);
  } catch (error) {
    log(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
};
