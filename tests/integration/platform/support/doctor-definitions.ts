/** CustomResourceDefinitions of a real API server, broken in one way: each takes its objects with it, and comes back with the server's time. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import type { CrdManifest } from "../../../../infra/lab/manifests.ts";
import { install } from "../../../../infra/lab/platform/install.ts";
import { poll } from "../../../../infra/lab/poll.ts";
import type { DoctorServer } from "./doctor-server.ts";

const deadlineMs = 30_000;
const everyMs = 20;

const COLLECTION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const pathOf = ({ metadata }: Pick<CrdManifest, "metadata">): string => `${COLLECTION}/${metadata.name}`;

const remove = async ({ api }: DoctorServer, definition: CrdManifest): Promise<void> => {
  await succeed(api, "DELETE", pathOf(definition));
  const isGone = async (): Promise<true | undefined> =>
    (await api.call("GET", pathOf(definition))).status === 404 ? true : undefined;
  await poll(isGone, { what: `end of ${definition.metadata.name}`, everyMs, deadlineMs });
};

/** Has the same names in another version, so that the one that comes after it is never established. */
const rivalOf = ({ apiVersion, kind, metadata, spec }: CrdManifest): CrdManifest => {
  const plural = `other${spec.names.plural}`;
  const [version] = spec.versions;
  const versions = [{ ...version, name: "v9" }];
  const names = { ...spec.names, plural, singular: plural.slice(0, -1) };
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, name: `${plural}.${spec.group}` },
    spec: { ...spec, names, versions },
  };
};

interface Changed {
  readonly name: string;
  /** Null: nobody has installed what its group belongs to. */
  readonly patch: (object & { readonly status?: object }) | null;
}

/** Resolves to how it is undone, but for the objects of the kinds that were taken away. */
export const breakDefinition = async (
  server: DoctorServer,
  { name, patch }: Changed,
): Promise<{ readonly undo: () => Promise<void>; readonly isLost: (object: KubeObject) => boolean }> => {
  const { api, definitions } = server;
  const definition = definitions.find(({ metadata }) => metadata.name === name);
  if (definition === undefined) throw new Error(`there is no CustomResourceDefinition ${name}`);
  const { group } = definition.spec;
  if (patch !== null && patch.status === undefined) {
    await succeed(api, "PATCH", pathOf(definition), { body: patch, contentType: "application/merge-patch+json" });
    return { undo: () => install(api, [definition]), isLost: () => false };
  }
  const all = definitions.filter(({ spec }) => spec.group === group);
  await Promise.all(all.map((one) => remove(server, one)));
  const isLost = ({ apiVersion = "" }: KubeObject): boolean => apiVersion.startsWith(`${group}/`);
  if (patch === null) return { undo: () => install(api, all), isLost };
  const rival = rivalOf(definition);
  await install(api, [rival]);
  await succeed(api, "POST", COLLECTION, { body: definition });
  const undo = async (): Promise<void> => {
    await Promise.all([remove(server, rival), remove(server, definition)]);
    await install(api, all);
  };
  return { undo, isLost };
};
