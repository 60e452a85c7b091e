/**
 * Everything that a user can apply, by the name of its golden file: the shipped overlays, and what the components make of them. Tests of the
 * quick tier read the golden files; the platform tier holds them against the real kubectl.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";
import { parseManifests, type Manifest } from "../../../../infra/lab/manifests.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const VARIANTS = "tests/integration/platform/golden/overlays";

export type OverlayName =
  | "knative-warm"
  | "knative-cold"
  | "knative-broker"
  | "knative-namespaced"
  | "keda-http"
  | "keda-http-namespaced"
  | "keda-push"
  | "keda-push-namespaced"
  | "keda-push-unlabelled-pods"
  | "standalone"
  | "standalone-namespaced";

/** Name to folder, relative to the root. */
export const OVERLAYS: Readonly<Record<OverlayName, string>> = {
  "knative-warm": "infra/knative/warm",
  "knative-cold": "infra/knative/cold",
  "knative-broker": "infra/knative/broker",
  "knative-namespaced": `${VARIANTS}/knative-namespaced`,
  "keda-http": "infra/keda/http",
  "keda-http-namespaced": `${VARIANTS}/keda-http-namespaced`,
  "keda-push": "infra/keda/push",
  "keda-push-namespaced": `${VARIANTS}/keda-push-namespaced`,
  "keda-push-unlabelled-pods": "examples/unlabelled-pods",
  standalone: "infra/standalone",
  "standalone-namespaced": "examples/namespaced",
};

export const OVERLAY_NAMES: readonly OverlayName[] = Object.keys(OVERLAYS) as OverlayName[];

export const folderOf = (name: OverlayName): string => path.join(ROOT, OVERLAYS[name]);

export const goldenFileOf = (name: OverlayName): string => path.join(import.meta.dirname, `${name}.golden`);

export const goldenOf = (name: OverlayName): string => readFileSync(goldenFileOf(name), "utf8");

const parsed = new Map<OverlayName, readonly Manifest[]>();

/** The objects of a golden file, which is parsed once. */
export const objectsOf = (name: OverlayName): readonly Manifest[] => {
  const objects = parsed.get(name) ?? parseManifests(goldenOf(name));
  parsed.set(name, objects);
  return objects;
};

export const DIGEST_FILE: string = path.join(import.meta.dirname, "inputs.sha256");

const SOURCES = ["infra", "examples/namespaced", "examples/unlabelled-pods", VARIANTS];
const YAML = /\.ya?ml$/;

/**
 * A digest of what the golden files follow from, comments left out: where no kubectl is at hand it tells that they have to be written anew.
 */
export const digestOfInputs = (): string => {
  const hash = createHash("sha256");
  const files = SOURCES.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => YAML.test(file))
      .map((file) => path.posix.join(folder, file)),
  );
  for (const file of files.toSorted()) {
    const documents = parseAllDocuments(readFileSync(path.join(ROOT, file), "utf8"));
    hash.update(JSON.stringify([file, documents.map((document) => document.toJS() as unknown)]));
  }
  return hash.digest("hex");
};
