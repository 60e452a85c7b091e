/** KEDA as its release installs it: its CRDs, its admission webhook, and on request its operator. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findBinary } from "../binaries.ts";
import { runCommand } from "../command.ts";
import type { Lab } from "../lab.ts";
import { parseManifests, type Manifest } from "../manifests.ts";
import { freePort } from "../ports.ts";
import { logToStderr } from "../progress.ts";
import { issueCertificate, type IssuedCertificate } from "./certificate.ts";
import { install, serviceOnThisMachine, throughPort } from "./install.ts";
import { manifestsBelow, moduleFiles } from "./module-files.ts";
import { answersHttp, answersHttps, startPart, untilReady } from "./part.ts";

export const KEDA_NAMESPACE = "keda";

const WEBHOOK_SERVICE = "keda-admission-webhooks";
const OPERATOR_SERVICE = "keda-operator";

const NAMESPACE: Manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: KEDA_NAMESPACE } };

/** KEDA's and its HTTP add-on's, with the patches of the release, which its folder of generated ones lacks. */
export const kedaDefinitions = async (): Promise<readonly Manifest[]> => {
  const kubectl = await findBinary("kubectl", { log: logToStderr });
  const roots = await Promise.all([moduleFiles("keda"), moduleFiles("http-add-on")]);
  const rendered = await Promise.all(roots.map((root) => runCommand(kubectl, ["kustomize", join(root, "config/crd")])));
  return rendered.flatMap(parseManifests);
};

/** A folder with what the parts prove themselves with, in the files that they expect. */
const writeCertificate = async (lab: Lab): Promise<IssuedCertificate & { readonly folder: string }> => {
  const names = [WEBHOOK_SERVICE, OPERATOR_SERVICE].map((service) => `${service}.${KEDA_NAMESPACE}.svc`);
  const certificate = await issueCertificate(names);
  const folder = join(lab.plane.dataDir, "keda-certs");
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, "ca.crt"), certificate.caPem),
    writeFile(join(folder, "tls.crt"), certificate.certificatePem),
    writeFile(join(folder, "tls.key"), certificate.keyPem, { mode: 0o600 }),
  ]);
  return { ...certificate, folder };
};

/** Installs KEDA with the HTTP add-on's CRDs and starts its webhook; resolves once the API server can call it. */
export const openKeda = async (lab: Lab): Promise<void> => {
  const [port, healthPort, certificate, definitions] = [
    await freePort(),
    await freePort(),
    await writeCertificate(lab),
    await kedaDefinitions(),
  ];
  const webhooks = manifestsBelow(await moduleFiles("keda"), ["config/webhooks/validation_webhooks.yaml"]);
  const redirected = webhooks.map((manifest) => throughPort(manifest, port, certificate.caPem));
  await install(lab.api, [
    NAMESPACE,
    ...definitions,
    ...redirected,
    serviceOnThisMachine(KEDA_NAMESPACE, WEBHOOK_SERVICE),
  ]);
  const process = await startPart(lab.plane, {
    name: "keda-webhook",
    args: [
      `--port=${port}`,
      `--cert-dir=${certificate.folder}`,
      `--health-probe-bind-address=127.0.0.1:${healthPort}`,
      "--metrics-bind-address=0",
    ],
    env: { POD_NAMESPACE: KEDA_NAMESPACE, WATCH_NAMESPACE: "" },
  });
  // It answers 404 on a path that is no webhook's.
  await untilReady(process, async () => {
    const reason = await answersHttps(port);
    return reason?.endsWith("404") === true ? undefined : reason;
  });
};

/** Starts the operator on what `openKeda` installed. */
export const startKedaOperator = async (lab: Lab): Promise<void> => {
  const [healthPort, servicePort] = [await freePort(), await freePort()];
  const process = await startPart(lab.plane, {
    name: "keda-operator",
    args: [
      `--cert-dir=${join(lab.plane.dataDir, "keda-certs")}`,
      `--health-probe-bind-address=127.0.0.1:${healthPort}`,
      `--metrics-service-bind-address=127.0.0.1:${servicePort}`,
      "--metrics-bind-address=0",
    ],
    env: { POD_NAMESPACE: KEDA_NAMESPACE, KEDA_CLUSTER_OBJECT_NAMESPACE: KEDA_NAMESPACE, WATCH_NAMESPACE: "" },
  });
  await untilReady(process, () => answersHttp(`http://127.0.0.1:${healthPort}/readyz`));
};
