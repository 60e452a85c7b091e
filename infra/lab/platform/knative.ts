/**
 * Knative Eventing and Serving as their releases install them: CRDs and configuration out of the Go modules, and the real webhooks and
 * controllers as processes with the environment that their own Deployments give them.
 */
import { join } from "node:path";
import { succeed } from "../api.ts";
import type { Lab } from "../lab.ts";
import type { Manifest } from "../manifests.ts";
import { freePort } from "../ports.ts";
import type { FamilyName, PlatformPartName } from "../versions.ts";
import { environmentOf, type Container } from "./container.ts";
import { install, serviceOnThisMachine, throughPort } from "./install.ts";
import { manifestsBelow, moduleFiles } from "./module-files.ts";
import { answersHttps, startPart, untilReady, type Probe } from "./part.ts";

interface Release {
  readonly family: FamilyName;
  readonly namespace: string;
  readonly metricsDomain: string;
  /** Paths by Go module; the main module is the family's. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  readonly webhook: PlatformPartName;
  readonly webhookService: string;
  readonly controller: PlatformPartName;
}

const CORE = "config/core";

export const EVENTING: Release = {
  family: "knative",
  namespace: "knative-eventing",
  metricsDomain: "knative.dev/eventing",
  files: {
    "knative.dev/eventing": [
      "100-namespace.yaml",
      "resources",
      "configmaps",
      "webhooks",
      // The adapter that serves all PingSources is installed with the release; the controller only scales it up.
      "200-pingsource-mt-adapter-serviceaccount.yaml",
      "roles/pingsource-mt-adapter-clusterrole.yaml",
      "deployments/pingsource-mt-adapter.yaml",
    ].map((path) => join(CORE, path)),
  },
  webhook: "eventing-webhook",
  webhookService: "eventing-webhook",
  controller: "eventing-controller",
};

export const SERVING: Release = {
  family: "serving",
  namespace: "knative-serving",
  metricsDomain: "knative.dev/internal/serving",
  files: {
    "knative.dev/serving": ["100-namespace.yaml", "300-resources", "configmaps", "webhooks"].map((path) =>
      join(CORE, path),
    ),
    "knative.dev/networking": ["config"],
    "knative.dev/caching": ["config"],
  },
  webhook: "serving-webhook",
  webhookService: "webhook",
  controller: "serving-controller",
};

/** All that a release installs. */
export const manifestsOf = async ({ family, files }: Release): Promise<readonly Manifest[]> => {
  const modules = Object.entries(files).map(async ([module, paths]) =>
    manifestsBelow(await moduleFiles(family, module), paths),
  );
  return (await Promise.all(modules)).flat();
};

interface Deployment extends Manifest {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly [Container] } } };
}

/** What the release's own Deployment gives to its container. */
const environmentOfPart = async (
  { family, namespace, metricsDomain }: Release,
  file: string,
  podName: string,
): Promise<Readonly<Record<string, string>>> => {
  const manifests = manifestsBelow(await moduleFiles(family), [join(CORE, "deployments", file)]);
  const deployment = manifests.find((manifest): manifest is Deployment => manifest.kind === "Deployment");
  if (deployment === undefined) throw new Error(`${family}: ${file} has no Deployment`);
  const fields = new Map([
    ["metadata.name", podName],
    ["metadata.namespace", namespace],
  ]);
  return {
    ...environmentOf(deployment.spec.template.spec.containers[0], fields),
    CONFIG_OBSERVABILITY_NAME: "config-observability",
    METRICS_DOMAIN: metricsDomain,
    PROFILING_PORT: String(await freePort()),
  };
};

interface WebhookConfiguration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** Until the webhook has written its own certificate into each of its configurations, the API server cannot trust it. */
const isTrusted = (lab: Lab, manifests: readonly Manifest[]): Probe => {
  const configurations = manifests.filter(({ kind }) => kind.endsWith("WebhookConfiguration"));
  return async () => {
    const states = configurations.map(async ({ kind, metadata }) => {
      const path = `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s/${metadata.name}`;
      const { webhooks } = await succeed<WebhookConfiguration>(lab.api, "GET", path);
      return webhooks.every(({ clientConfig }) => clientConfig.caBundle !== undefined) ? undefined : metadata.name;
    });
    const missing = (await Promise.all(states)).filter((name) => name !== undefined);
    return missing.length === 0 ? undefined : `no certificate yet in ${missing.join(", ")}`;
  };
};

/** Installs the release and starts its webhook; resolves once the API server can call it. @throws when it does not become ready. */
export const openKnative = async (lab: Lab, release: Release): Promise<void> => {
  const { namespace, webhook, webhookService } = release;
  const port = await freePort();
  const manifests = (await manifestsOf(release)).map((manifest) => throughPort(manifest, port));
  await install(lab.api, [...manifests, serviceOnThisMachine(namespace, webhookService)]);
  const env = { ...(await environmentOfPart(release, "webhook.yaml", webhook)), WEBHOOK_PORT: String(port) };
  const process = await startPart(lab.plane, { name: webhook, env });
  const isTrustedByServer = isTrusted(lab, manifests);
  await untilReady(process, async () => (await isTrustedByServer()) ?? (await answersHttps(port)));
};

interface Leases {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

/** Starts the release's controller on what `openKnative` installed; resolves once it leads, which is when it begins to reconcile. */
export const startKnativeController = async (lab: Lab, release: Release): Promise<void> => {
  const { namespace, controller: name } = release;
  const process = await startPart(lab.plane, { name, env: await environmentOfPart(release, "controller.yaml", name) });
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  await untilReady(process, async () => {
    const { items } = await succeed<Leases>(lab.api, "GET", path);
    return items.some(({ metadata }) => metadata.name.startsWith("controller.")) ? undefined : "it holds no Lease yet";
  });
};
