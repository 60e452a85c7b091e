/** Applies what a project releases for a cluster, with the few changes that let the API server find its webhook on this machine. */
import type { Api } from "../api.ts";
import { applyManifest, crdServed, isCrd, type CrdManifest, type Manifest } from "../manifests.ts";
import { poll } from "../poll.ts";

const discoveredDeadlineMs = 30_000;
const pollMs = 20;

const isFirst = ({ kind }: Manifest): boolean => kind === "Namespace";

/** What would refuse the rest if it came before it: its program does not run yet. */
const isLast = ({ kind }: Manifest): boolean => kind.endsWith("WebhookConfiguration");

interface Discovery {
  readonly resources?: readonly { readonly name: string }[];
}

/** The server says what it serves a moment after it serves it, and KEDA's webhook ends for good when it starts in between. */
const crdDiscovered = async (api: Api, { spec: { group, names, versions } }: CrdManifest): Promise<void> => {
  const isListed = async (): Promise<true | undefined> => {
    const answers = await Promise.all(versions.map(({ name }) => api.call<Discovery>("GET", `/apis/${group}/${name}`)));
    const isInAll = answers.every(({ body }) => body.resources?.some(({ name }) => name === names.plural));
    return isInAll ? true : undefined;
  };
  const what = `${names.plural}.${group} in the list of what is served`;
  await poll(isListed, { what, everyMs: pollMs, deadlineMs: discoveredDeadlineMs });
};

/** Namespaces, then everything else and the CRDs until they are served and listed, then webhook configurations. @throws when one is refused. */
export const install = async (api: Api, manifests: readonly Manifest[]): Promise<void> => {
  const applyAll = (wanted: readonly Manifest[]): Promise<unknown> =>
    Promise.all(wanted.map((manifest) => applyManifest(api, manifest)));
  await applyAll(manifests.filter(isFirst));
  await applyAll(manifests.filter((manifest) => !isFirst(manifest) && !isLast(manifest)));
  const crds = manifests.filter(isCrd);
  await Promise.all(crds.map((crd) => crdServed(api, crd)));
  await Promise.all(crds.map((crd) => crdDiscovered(api, crd)));
  await applyAll(manifests.filter(isLast));
};

interface ClientConfig {
  readonly service?: object;
}

/**
 * The manifest with every reference to a webhook's Service pointing at that port. A URL instead of the Service would be simpler, but
 * Knative's reconcilers insist on one.
 */
export const throughPort = (manifest: Manifest, port: number, caPem?: string): Manifest =>
  JSON.parse(JSON.stringify(manifest), (key: string, value: unknown) => {
    const { service } = (key === "clientConfig" ? value : {}) as ClientConfig;
    if (service === undefined) return value;
    const caBundle = caPem === undefined ? {} : { caBundle: Buffer.from(caPem).toString("base64") };
    return { service: { ...service, port }, ...caBundle };
  });

/** A Service by which the API server finds a program on this machine. */
export const serviceOnThisMachine = (namespace: string, name: string): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace },
  spec: { type: "ExternalName", externalName: "localhost" },
});
