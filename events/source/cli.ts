/** `npm run source`: the local source as a command, for development against any cluster that a kubeconfig reaches. */
import { parseArgs } from "node:util";
import type { EventMode } from "./message.ts";
import { startLocalSource, type LocalSourceOptions, type WatchedResource } from "./local-source.ts";

/** What the shipped ApiServerSources stream. */
const DEFAULT_RESOURCES = [
  "v1/pods",
  "v1/services",
  "apps/v1/statefulsets",
  "app.anukkrit.me/v1/statefulsetlocks",
  "node-role.bb-noti.io/v1/leaderstatuscheckers",
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

const optionsOf = async (args: readonly string[]): Promise<LocalSourceOptions | undefined> => {
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
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  if (values.kubeconfig === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(values.kubeconfig);
  return {
    sink,
    kubeConfig,
    origin: { namespace: namespace[0] ?? "default", name: "local" },
    resources,
    namespaces: values["all-namespaces"] ? "all" : namespace,
    mode,
    schedule: schedule === undefined ? undefined : { cron: schedule, data: undefined },
    log,
  };
};

const main = async (): Promise<void> => {
  const options = await optionsOf(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const source = await startLocalSource(options);
  log(`watching; sending to ${options.sink.href}`);
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => void source.stop());
};

try {
  await main();
} catch (error) {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
