/** Reads Kubernetes manifests and applies them, as `kubectl apply --server-side` would. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, type Document } from "yaml";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { succeed, type Api } from "./api.ts";
import { poll } from "./poll.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** A CustomResourceDefinition, as far as it says where its objects live. */
export interface CrdManifest extends Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

export const isCrd = (manifest: Manifest): manifest is CrdManifest => manifest.kind === "CustomResourceDefinition";

const servedDeadlineMs = 30_000;
const pollMs = 20;

const FIELD_MANAGER = "bellwether-lab";

const manifestOf = (document: Document.Parsed): Manifest | null => document.toJS();

/** All documents of a YAML text. */
export const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text)
    .map((document) => manifestOf(document))
    .filter((manifest) => manifest !== null);

/** All manifests of the YAML files in a folder and below it; kustomizations are left out, as they are instructions to kustomize. */
export const readManifests = (folder: string): readonly Manifest[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .toSorted()
    .flatMap((file) => parseManifests(readFileSync(join(folder, file), "utf8")))
    .filter(({ kind }) => kind !== "Kustomization");

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const rootOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** Where an object lives, from the server's discovery. */
const pathOf = async (api: Api, { apiVersion, kind, metadata }: Manifest): Promise<string> => {
  const root = rootOf(apiVersion);
  const { resources } = await succeed<{ readonly resources: readonly ApiResource[] }>(api, "GET", root);
  const resource = resources.find(({ name, kind: known }) => known === kind && !name.includes("/"));
  if (resource === undefined) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
  return `${root}${scope}/${resource.name}/${metadata.name}`;
};

/**
 * Server-side apply of one manifest.
 * @throws with the server's message when it refuses.
 */
export const applyManifest = async (api: Api, manifest: Manifest): Promise<KubeObject> => {
  const path = await pathOf(api, manifest);
  const query = `fieldManager=${FIELD_MANAGER}&force=true`;
  const options = { body: manifest, contentType: "application/apply-patch+yaml" };
  return succeed(api, "PATCH", `${path}?${query}`, options);
};

/**
 * Resolves once every version of an applied CRD is served: for a moment after it is Established the server still answers
 * 404, then 429 ("storage is (re)initializing").
 */
export const crdServed = async (api: Api, { spec }: CrdManifest): Promise<void> => {
  const { group, names, versions } = spec;
  const paths = versions.map(({ name }) => `/apis/${group}/${name}/${names.plural}`);
  const isServed = async (): Promise<true | undefined> => {
    const answers = await Promise.all(paths.map((path) => api.call("GET", path)));
    return answers.every(({ status }) => status === 200) ? true : undefined;
  };
  await poll(isServed, { what: `${names.plural}.${group} served`, everyMs: pollMs, deadlineMs: servedDeadlineMs });
};
