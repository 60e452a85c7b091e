/** All features, listed once: the function runs them, and the scaler rehearses them to see whether there is work for it. */
import { hostname } from "node:os";
import { createElection } from "./election/feature.ts";
import type { FeatureContext } from "./kit/context.ts";
import type { Feature } from "./kit/feature.ts";
import type { Config } from "./kit/host/config.ts";
import type { Asker } from "./roles/ask/ask.ts";
import { createRoles } from "./roles/feature.ts";
import { createStandby } from "./standby/feature.ts";

/** What differs between those who use them. */
export interface FeaturesHost extends Pick<FeatureContext, "clock" | "log" | "metrics" | "emit"> {
  /** How pods are asked whether they lead. */
  readonly asker: Asker;
}

export const createFeatures = (config: Config, { asker, ...host }: FeaturesHost): readonly Feature[] => {
  const { tickSeconds, mode, namespaces } = config;
  const context: FeatureContext = { ...host, tickSeconds, mode, namespaces, instance: hostname() };
  return [
    createElection(context),
    createRoles(context, {
      asker,
      clusterDomain: config.clusterDomain,
      openNamespaces: config.rolesNamespaces,
      askingMs: config.groupDeadlineMs / 2,
    }),
    createStandby(context),
  ];
};
