/** The other end of `startScript`: the lab as a script of bench/ reaches it. */
import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import { createTransport, type ApiTransport } from "../../functions/kit/kube/transport.ts";
import { createApi, type Api } from "../../infra/lab/api.ts";

/** Long enough for a queue of thousands of requests. */
const deadlineMs = 60_000;

/** @throws when the script was not started by `startScript`. */
export const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: this script is started by a bench`);
  return value;
};

export const transportOfAdmin = (): ApiTransport => {
  const [ca, token] = [readFileSync(setting("BENCH_CA_FILE")), setting("BENCH_TOKEN")];
  return createTransport({ server: setting("BENCH_SERVER"), ca: () => ca, token: () => token, deadlineMs });
};

export const apiAsAdmin = (): Api =>
  createApi({
    server: setting("BENCH_SERVER"),
    caPem: readFileSync(setting("BENCH_CA_FILE"), "utf8"),
    token: setting("BENCH_TOKEN"),
  });

export const kubeConfigOfAdmin = (): KubeConfig => {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(setting("BENCH_KUBECONFIG"));
  return kubeConfig;
};
