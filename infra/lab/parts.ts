/** The command line of each part of the control plane: small, fast to start, and as a cluster has it where behaviour depends on it. */
import { join } from "node:path";
import type { DataFolder } from "./data-folder.ts";
import { ADMIN } from "./identities.ts";
import type { ProcessSpec } from "./processes.ts";

export type ControlPlanePart = "etcd" | "kube-apiserver" | "kube-controller-manager";

export interface ExtraArgs {
  readonly apiServerArgs?: readonly string[] | undefined;
  readonly controllerManagerArgs?: readonly string[] | undefined;
}

const etcdArgs = ({ path, ports }: DataFolder): readonly string[] => {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(path, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    // The data is thrown away with the lab: nothing needs to survive a power cut.
    "--unsafe-no-fsync=true",
    "--log-level=error",
  ];
};

/** What two kube-apiservers of one plane do not share. */
export interface ApiServerPlace {
  readonly port: number;
  readonly auditLogFile: string;
}

const apiServerArgs = (folder: DataFolder, { port, auditLogFile }: ApiServerPlace): readonly string[] => [
  `--etcd-servers=http://127.0.0.1:${folder.ports.etcdClient}`,
  "--bind-address=127.0.0.1",
  `--secure-port=${port}`,
  `--tls-cert-file=${folder.serverCertificateFile}`,
  `--tls-private-key-file=${folder.serverKeyFile}`,
  `--token-auth-file=${folder.tokenFile}`,
  `--service-account-key-file=${folder.serviceAccountPublicKeyFile}`,
  `--service-account-signing-key-file=${folder.serviceAccountPrivateKeyFile}`,
  "--service-account-issuer=https://kubernetes.default.svc",
  "--authorization-mode=RBAC",
  "--service-cluster-ip-range=10.96.0.0/16",
  "--allow-privileged=true",
  // No token volume is added to pods that nobody really runs.
  "--disable-admission-plugins=ServiceAccount",
  `--audit-policy-file=${folder.auditPolicyFile}`,
  `--audit-log-path=${auditLogFile}`,
  // In megabytes; the default of 100 would move the first part of a long run to another file.
  "--audit-log-maxsize=10000",
];

const controllerManagerArgs = (folder: DataFolder): readonly string[] => [
  `--kubeconfig=${folder.kubeconfigFile(ADMIN)}`,
  "--bind-address=127.0.0.1",
  `--secure-port=${folder.ports.controllerManager}`,
  `--tls-cert-file=${folder.serverCertificateFile}`,
  `--tls-private-key-file=${folder.serverKeyFile}`,
  "--leader-elect=false",
  "--use-service-account-credentials=false",
  `--service-account-private-key-file=${folder.serviceAccountPrivateKeyFile}`,
  "--controllers=*",
  // The defaults (20 and 30) would make the StatefulSet controller the slowest part of a test.
  "--kube-api-qps=200",
  "--kube-api-burst=400",
];

export interface PartSpec extends ProcessSpec {
  /** Answers 200 once the part is ready. */
  readonly health: string;
}

export const partSpecs = (
  folder: DataFolder,
  binaries: Readonly<Record<ControlPlanePart, string>>,
  extra: ExtraArgs,
): Readonly<Record<ControlPlanePart, PartSpec>> => ({
  etcd: {
    name: "etcd",
    file: binaries.etcd,
    args: etcdArgs(folder),
    health: `http://127.0.0.1:${folder.ports.etcdClient}/health`,
  },
  "kube-apiserver": {
    name: "kube-apiserver",
    file: binaries["kube-apiserver"],
    args: [
      ...apiServerArgs(folder, { port: folder.ports.apiServer, auditLogFile: folder.auditLogFile }),
      ...(extra.apiServerArgs ?? []),
    ],
    health: `${folder.server}/readyz`,
  },
  "kube-controller-manager": {
    name: "kube-controller-manager",
    file: binaries["kube-controller-manager"],
    args: [...controllerManagerArgs(folder), ...(extra.controllerManagerArgs ?? [])],
    health: `https://127.0.0.1:${folder.ports.controllerManager}/healthz`,
  },
});

/** A second kube-apiserver on the same etcd. */
export const secondApiServerSpec = (
  folder: DataFolder,
  file: string,
  { place, extra }: { place: ApiServerPlace; extra: ExtraArgs },
): PartSpec => ({
  name: "kube-apiserver-2",
  file,
  args: [
    ...apiServerArgs(folder, place),
    // Both would announce the same address with another port, and undo each other's announcement for ever.
    "--endpoint-reconciler-type=none",
    ...(extra.apiServerArgs ?? []),
  ],
  health: `https://127.0.0.1:${place.port}/readyz`,
});
