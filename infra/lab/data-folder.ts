/** Everything that the parts of one lab read from disk: certificates, keys, tokens, kubeconfigs, the audit policy; and the ports they use. */
import { generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { auditPolicy } from "./audit.ts";
import { createCertificates } from "./certificates.ts";
import { createIdentities, kubeconfigFor, tokenFile, type Identity } from "./identities.ts";
import type { Manifest } from "./manifests.ts";
import { freePort } from "./ports.ts";

export interface DataFolder {
  readonly path: string;
  readonly server: string;
  readonly caPem: string;
  readonly caFile: string;
  readonly serverTls: { readonly cert: string; readonly key: string };
  readonly serverCertificateFile: string;
  readonly serverKeyFile: string;
  readonly serviceAccountPublicKeyFile: string;
  readonly serviceAccountPrivateKeyFile: string;
  readonly tokenFile: string;
  readonly auditPolicyFile: string;
  readonly auditLogFile: string;
  readonly identities: ReadonlyMap<string, Identity>;
  kubeconfigFile(identity: string): string;
  readonly ports: {
    readonly etcdClient: number;
    readonly etcdPeer: number;
    readonly apiServer: number;
    readonly controllerManager: number;
  };
}

const ownerOnly = 0o600;

const write = (file: string, content: string | Buffer): Promise<void> => writeFile(file, content, { mode: ownerOnly });

export interface DataFolderOptions {
  /** The shipped RBAC, whose ServiceAccounts become identities. */
  readonly roles: readonly Manifest[];
  readonly auditWrites: boolean;
}

export const prepareDataFolder = async (path: string, options: DataFolderOptions): Promise<DataFolder> => {
  const file = (name: string): string => join(path, name);
  const kubeconfigFile = (identity: string): string => file(join("kubeconfig", `${identity}.yaml`));
  const certificates = await createCertificates();
  const accountKeys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const identities = createIdentities(options.roles);
  const [etcdClient, etcdPeer, apiServer, controllerManager] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const folder: DataFolder = {
    path,
    server: `https://127.0.0.1:${apiServer}`,
    caPem: certificates.caPem,
    caFile: file("ca.crt"),
    serverTls: { cert: certificates.serverCertificatePem, key: certificates.serverKeyPem },
    serverCertificateFile: file("server.crt"),
    serverKeyFile: file("server.key"),
    serviceAccountPublicKeyFile: file("service-account.pub"),
    serviceAccountPrivateKeyFile: file("service-account.key"),
    tokenFile: file("tokens.csv"),
    auditPolicyFile: file("audit-policy.yaml"),
    auditLogFile: file("audit.log"),
    identities,
    kubeconfigFile,
    ports: { etcdClient, etcdPeer, apiServer, controllerManager },
  };
  await mkdir(file("kubeconfig"), { recursive: true });
  await Promise.all([
    write(folder.caFile, folder.caPem),
    write(folder.serverCertificateFile, folder.serverTls.cert),
    write(folder.serverKeyFile, folder.serverTls.key),
    write(folder.serviceAccountPublicKeyFile, accountKeys.publicKey.export({ type: "spki", format: "pem" })),
    write(folder.serviceAccountPrivateKeyFile, accountKeys.privateKey.export({ type: "sec1", format: "pem" })),
    write(folder.tokenFile, tokenFile(identities.values())),
    write(folder.auditPolicyFile, auditPolicy(options.auditWrites)),
    write(folder.auditLogFile, ""),
    ...[...identities.values()].map((identity) =>
      write(kubeconfigFile(identity.name), kubeconfigFor(identity, folder.server, folder.caPem)),
    ),
  ]);
  return folder;
};
