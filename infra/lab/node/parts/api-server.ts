/** kube-apiserver: as a cluster has it, with admission of accounts, so that pods get real tokens; ready when it says so. */
import type { Daemon } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";
import { NODE_IP, SERVICE_SUBNET, type Site } from "../site.ts";
import { answers200 } from "./probes.ts";

export const apiServer = (site: Site, pki: Pki, file: string): Daemon => ({
  name: "kube-apiserver",
  file,
  args: [
    `--etcd-servers=https://127.0.0.1:${site.ports.etcdClient}`,
    `--etcd-cafile=${pki.caFile}`,
    `--etcd-certfile=${pki.certificateFile}`,
    `--etcd-keyfile=${pki.keyFile}`,
    `--bind-address=${NODE_IP}`,
    `--advertise-address=${NODE_IP}`,
    `--secure-port=${site.ports.apiServer}`,
    `--tls-cert-file=${pki.certificateFile}`,
    `--tls-private-key-file=${pki.keyFile}`,
    `--client-ca-file=${pki.caFile}`,
    `--token-auth-file=${pki.tokenFile}`,
    `--service-account-key-file=${pki.accountsPublicKeyFile}`,
    `--service-account-signing-key-file=${pki.accountsPrivateKeyFile}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--authorization-mode=RBAC",
    `--service-cluster-ip-range=${SERVICE_SUBNET}`,
    "--allow-privileged=true",
    "--endpoint-reconciler-type=lease",
    // The node's name is in no DNS: logs and exec need its address.
    "--kubelet-preferred-address-types=InternalIP",
    `--kubelet-certificate-authority=${pki.caFile}`,
    `--kubelet-client-certificate=${pki.certificateFile}`,
    `--kubelet-client-key=${pki.keyFile}`,
  ],
  probe: answers200(`${site.server}/readyz`),
});
