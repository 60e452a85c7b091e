/** kube-scheduler: puts each pod on the one node there is; ready when it is healthy. */
import type { Daemon } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";
import type { Site } from "../site.ts";
import { answers200 } from "./probes.ts";

export const scheduler = (site: Site, pki: Pki, file: string): Daemon => ({
  name: "kube-scheduler",
  file,
  args: [
    `--kubeconfig=${site.kubeconfigFile}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${site.ports.scheduler}`,
    `--tls-cert-file=${pki.certificateFile}`,
    `--tls-private-key-file=${pki.keyFile}`,
    "--leader-elect=false",
  ],
  probe: answers200(`https://127.0.0.1:${site.ports.scheduler}/healthz`),
});
