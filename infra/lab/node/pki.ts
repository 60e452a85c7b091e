/** The node's certificate authority, one certificate with which its servers prove themselves, the accounts' key, and the administrator's kubeconfig. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { kubeconfigFor } from "../identities.ts";
import { issueCertificate } from "../platform/certificate.ts";
import { API_SERVICE_IP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME, type Site } from "./site.ts";

/** Paths of what `writePki` writes. */
export interface Pki {
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly accountsPublicKeyFile: string;
  readonly accountsPrivateKeyFile: string;
  readonly tokenFile: string;
}

const ownerOnly = 0o600;

const NAMES = [
  NODE_NAME,
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
];
const ADDRESSES = [NODE_IP, API_SERVICE_IP];

export const pkiOf = (site: Site): Pki => ({
  caFile: site.file("ca.crt"),
  caKeyFile: site.file("ca.key"),
  certificateFile: site.file("node.crt"),
  keyFile: site.file("node.key"),
  accountsPublicKeyFile: site.file("accounts.pub"),
  accountsPrivateKeyFile: site.file("accounts.key"),
  tokenFile: site.file("tokens.csv"),
});

/** Writes everything into the node's folder; the administrator's token is new each time. */
export const writePki = async (site: Site): Promise<Pki> => {
  const pki = pkiOf(site);
  // As a client, the API server shows the certificate to etcd and to the kubelet, and etcd to itself.
  const { caPem, caKeyPem, certificatePem, keyPem } = await issueCertificate(NAMES, ADDRESSES);
  const accounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const token = randomBytes(24).toString("hex");
  const files: readonly (readonly [string, string | Buffer])[] = [
    [pki.caFile, caPem],
    [pki.caKeyFile, caKeyPem],
    [pki.certificateFile, certificatePem],
    [pki.keyFile, keyPem],
    [pki.accountsPublicKeyFile, accounts.publicKey.export({ type: "spki", format: "pem" })],
    [pki.accountsPrivateKeyFile, accounts.privateKey.export({ type: "sec1", format: "pem" })],
    [pki.tokenFile, `${token},admin,admin,"system:masters"\n`],
    [site.kubeconfigFile, kubeconfigFor({ name: "admin", token }, site.server, caPem)],
  ];
  for (const [file, content] of files) writeFileSync(file, content, { mode: ownerOnly });
  return pki;
};
