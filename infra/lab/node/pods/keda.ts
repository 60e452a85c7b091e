/**
 * KEDA with its HTTP add-on as their releases install them, out of the pinned modules, for those who ask for them: a node comes up without. Left
 * out is what scales from one to many, which our forms do not: KEDA's server of metrics, and the interceptor's own ScaledObject.
 */
import { join } from "node:path";
import type { Api } from "../../api.ts";
import { applyManifest, parseManifests, type Manifest } from "../../manifests.ts";
import { issueCertificate } from "../../platform/certificate.ts";
import { install, throughPort } from "../../platform/install.ts";
import { KEDA_NAMESPACE } from "../../platform/keda.ts";
import { renderKustomization } from "../../platform/kubectl.ts";
import { moduleFiles } from "../../platform/module-files.ts";
import { poll } from "../../poll.ts";
import type { PartName } from "../../versions.ts";
import type { ClusterNode } from "../cluster-node.ts";
import { importImage, localName, partImage } from "../images.ts";
import { everythingReady } from "./ready.ts";

/** What the manifests of the releases call an image, and the part that it is here. */
const PROGRAMS = {
  "ghcr.io/kedacore/keda:main": "keda-operator",
  "ghcr.io/kedacore/keda-admission-webhooks:main": "keda-webhook",
  "ko://github.com/kedacore/http-add-on/interceptor": "http-interceptor",
  "ko://github.com/kedacore/http-add-on/operator": "http-operator",
  "ko://github.com/kedacore/http-add-on/scaler": "http-scaler",
} as const satisfies Readonly<Record<string, PartName>>;

const LEFT_OUT = new Set([
  "APIService v1beta1.external.metrics.k8s.io",
  "Deployment keda-metrics-apiserver",
  "Service keda-metrics-apiserver",
  "ScaledObject keda-add-ons-http-interceptor",
]);

/** The operator would make one after it has started, and start again once the kubelet has handed it over, a minute later. */
const MAKES_CERTIFICATE = "--enable-cert-rotation=true";
const CERTIFICATE = "kedaorg-certs";
const WEBHOOK = "keda-admission";
const PROVEN_SERVICES = ["keda-admission-webhooks", "keda-operator"];

const removedDeadlineMs = 90_000;
const pollMs = 200;

const isImage = (name: string): name is keyof typeof PROGRAMS => name in PROGRAMS;

const fitting = (key: string, value: unknown): unknown => {
  // Our images know what to run, and are on the node already.
  if (key === "command" || key === "imagePullPolicy") return undefined;
  if (key === "readinessProbe") return { ...(value as object), periodSeconds: 1, initialDelaySeconds: 0 };
  if (key === "args") return (value as readonly string[]).filter((argument) => argument !== MAKES_CERTIFICATE);
  return key === "image" && isImage(String(value))
    ? localName(PROGRAMS[String(value) as keyof typeof PROGRAMS])
    : value;
};

const isDeployment = ({ kind }: Manifest): boolean => kind === "Deployment";

/** A manifest of a release as a node takes it; undefined: not at all. */
const fitted = (manifest: Manifest): Manifest | undefined => {
  if (LEFT_OUT.has(`${manifest.kind} ${manifest.metadata.name}`)) return undefined;
  return isDeployment(manifest) ? JSON.parse(JSON.stringify(manifest), fitting) : manifest;
};

/** @throws when a module is not within reach. */
const released = async (): Promise<readonly Manifest[]> => {
  const roots = await Promise.all([moduleFiles("keda"), moduleFiles("http-add-on")]);
  const rendered = await Promise.all(roots.map((root) => renderKustomization(join(root, "config/default"))));
  return rendered
    .flatMap(parseManifests)
    .map(fitted)
    .filter((manifest) => manifest !== undefined);
};

/** The release's manifests and the certificate with which KEDA's servers prove themselves. */
const kedaManifests = async (): Promise<readonly Manifest[]> => {
  const services = PROVEN_SERVICES.map((service) => `${service}.${KEDA_NAMESPACE}.svc`);
  const { caPem, certificatePem, keyPem } = await issueCertificate(services);
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: CERTIFICATE, namespace: KEDA_NAMESPACE },
    stringData: { "ca.crt": caPem, "tls.crt": certificatePem, "tls.key": keyPem },
  };
  const manifests = await released();
  return [...manifests.map((manifest) => throughPort(manifest, 443, caPem)), secret];
};

const importImages = async ({ site }: ClusterNode): Promise<void> => {
  for (const part of Object.values(PROGRAMS)) {
    // oxlint-disable-next-line no-await-in-loop -- an image is as large as this process otherwise is
    await importImage(site, await partImage(part));
  }
};

const NAMESPACE = `/api/v1/namespaces/${KEDA_NAMESPACE}`;

const removed = (api: Api): Promise<true> =>
  poll(async () => ((await api.call("GET", NAMESPACE)).status === 404 ? true : undefined), {
    what: `the end of namespace ${KEDA_NAMESPACE}`,
    everyMs: pollMs,
    deadlineMs: removedDeadlineMs,
  });

/** Takes away what runs, and does not wait for its end. CRDs and roles stay: nothing happens because of them. ScaledObjects have to be gone before. */
export const removeKeda = async ({ api }: ClusterNode): Promise<void> => {
  const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  for (const path of [`${configurations}/${WEBHOOK}`, NAMESPACE]) {
    // oxlint-disable-next-line no-await-in-loop -- what calls goes before what is called
    const { status, body } = await api.call("DELETE", path);
    if (status >= 300 && status !== 404 && status !== 409) {
      throw new Error(`DELETE ${path} answered ${status}: ${JSON.stringify(body)}`);
    }
  }
};

/** Resolves once all of it runs; what there was of it before is replaced. @throws when something is not ready within its bound. */
export const addKeda = async (node: ClusterNode): Promise<void> => {
  const { api } = node;
  await removeKeda(node);
  const [manifests] = await Promise.all([kedaManifests(), importImages(node), removed(api)]);
  await install(
    api,
    manifests.filter((manifest) => !isDeployment(manifest)),
  );
  await Promise.all(manifests.filter(isDeployment).map((manifest) => applyManifest(api, manifest)));
  await everythingReady(api);
};
