/**
 * Knative Serving and Eventing as their releases install them, out of the pinned modules, with the few changes that one small node needs:
 * its own images, no autoscaling of Knative itself, and settings under which a test sees zero within seconds.
 */
import { join } from "node:path";
import type { Manifest } from "../../manifests.ts";
import { manifestsBelow, moduleFiles } from "../../platform/module-files.ts";
import type { FamilyName, PartName } from "../../versions.ts";
import { localName } from "../images.ts";
import { INGRESS_CLASS } from "./ingress.ts";

/** What Knative's manifests call a program before they are released, and the part that it is here. */
const PROGRAMS = {
  "serving/cmd/activator": "serving-activator",
  "serving/cmd/autoscaler": "serving-autoscaler",
  "serving/cmd/controller": "serving-controller",
  "serving/cmd/queue": "serving-queue",
  "serving/cmd/webhook": "serving-webhook",
  "eventing/cmd/apiserver_receive_adapter": "apiserver_receive_adapter",
  "eventing/cmd/controller": "eventing-controller",
  "eventing/cmd/mtping": "mtping",
  "eventing/cmd/webhook": "eventing-webhook",
} as const satisfies Readonly<Record<string, PartName>>;

export const KNATIVE_PARTS: readonly PartName[] = Object.values(PROGRAMS);

interface Source {
  readonly family: FamilyName;
  /** Default: the family's own. */
  readonly module?: string;
  readonly paths: readonly string[];
}

const CORE = "config/core";

const SOURCES: readonly Source[] = [
  {
    family: "serving",
    paths: [
      "100-namespace.yaml",
      "200-roles",
      "200-serviceaccount.yaml",
      "300-resources",
      "configmaps",
      "deployments",
      "webhooks",
    ].map((path) => join(CORE, path)),
  },
  // Links lead to these in Serving's repository, and a module has no links.
  { family: "serving", module: "knative.dev/networking", paths: ["config"] },
  { family: "serving", module: "knative.dev/caching", paths: ["config"] },
  {
    family: "knative",
    paths: [
      ...[
        "100-namespace.yaml",
        "200-eventing-serviceaccount.yaml",
        "200-pingsource-mt-adapter-serviceaccount.yaml",
        "200-webhook-serviceaccount.yaml",
        "configmaps",
        "deployments/controller.yaml",
        "deployments/pingsource-mt-adapter.yaml",
        "deployments/webhook.yaml",
        "resources",
        "roles",
        "webhooks",
      ].map((path) => join(CORE, path)),
      // The controller does not start without them, although nothing here uses what they name.
      "third_party/eventing-integrations-latest",
    ],
  },
];

/** There is one node with nothing to spare. */
const LEFT_OUT = new Set(["HorizontalPodAutoscaler", "PodDisruptionBudget"]);

/** By ConfigMap: what is added to the release's settings. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "config-network": { "ingress-class": INGRESS_CLASS },
  "config-domain": { "bellwether.example.com": "" },
  "config-autoscaler": {
    "stable-window": "6s",
    "scale-to-zero-grace-period": "6s",
    "allow-zero-initial-scale": "true",
  },
};

interface Probe {
  readonly periodSeconds?: number;
}

const isProgram = (name: string): name is keyof typeof PROGRAMS => name in PROGRAMS;

const withImages = (text: string): string => {
  const program = text.replace("ko://knative.dev/", "");
  return isProgram(program) ? localName(PROGRAMS[program]) : text;
};

const fitting = (key: string, value: unknown): unknown => {
  if (key === "affinity") return undefined;
  // Most of the time until Knative is ready would be spent between probes.
  if (key === "readinessProbe") return { ...(value as Probe), periodSeconds: 1, initialDelaySeconds: 0 };
  return typeof value === "string" ? withImages(value) : value;
};

const withSettings = (manifest: Manifest): Manifest => {
  const settings = manifest.kind === "ConfigMap" ? SETTINGS[manifest.metadata.name] : undefined;
  return settings === undefined ? manifest : { ...manifest, data: { ...(manifest["data"] as object), ...settings } };
};

/** A manifest of a release as this node takes it. */
export const fitted = (manifest: Manifest): Manifest => withSettings(JSON.parse(JSON.stringify(manifest), fitting));

/** Everything that is applied. @throws when a module is not within reach. */
export const knativeManifests = async (): Promise<readonly Manifest[]> => {
  const found = SOURCES.map(async ({ family, module, paths }) =>
    manifestsBelow(await moduleFiles(family, module), paths),
  );
  return (await Promise.all(found))
    .flat()
    .filter(({ kind }) => !LEFT_OUT.has(kind))
    .map(fitted);
};
