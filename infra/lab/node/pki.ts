/** The node's certificate authority, one certificate with which its servers prove themselves, the accounts' key, and the administrator's kubeconfig. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { generate } from "selfsigned";
import { kubeconfigFor } from "../identities.ts";
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

const validityMs = 30 * 24 * 3_600_000;
const clockSkewMs = 3_600_000;
const ownerOnly = 0o600;

const NAMES = [
  "localhost",
  NODE_NAME,
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
];
const ADDRESSES = ["127.0.0.1", NODE_IP, API_SERVICE_IP];

const issue = async (): Promise<Readonly<Record<"ca" | "caKey" | "certificate" | "key", string>>> => {
  const common = {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - clockSkewMs),
    notAfterDate: new Date(Date.now() + validityMs),
  } as const;
  const authority = await generate([{ name: "commonName", value: "bellwether-node-ca" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const issued = await generate([{ name: "commonName", value: NODE_NAME }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      // As a client, the API server shows it to the kubelet.
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          ...NAMES.map((value) => ({ type: 2, value }) as const),
          ...ADDRESSES.map((ip) => ({ type: 7, ip }) as const),
        ],
      },
    ],
  });
  return { ca: authority.cert, caKey: authority.private, certificate: issued.cert, key: issued.private };
};

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
  const { ca, caKey, certificate, key } = await issue();
  const accounts = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const token = randomBytes(24).toString("hex");
  const files: readonly (readonly [string, string | Buffer])[] = [
    [pki.caFile, ca],
    [pki.caKeyFile, caKey],
    [pki.certificateFile, certificate],
    [pki.keyFile, key],
    [pki.accountsPublicKeyFile, accounts.publicKey.export({ type: "spki", format: "pem" })],
    [pki.accountsPrivateKeyFile, accounts.privateKey.export({ type: "sec1", format: "pem" })],
    [pki.tokenFile, `${token},admin,admin,"system:masters"\n`],
    [site.kubeconfigFile, kubeconfigFor({ name: "admin", token }, site.server, ca)],
  ];
  for (const [file, content] of files) writeFileSync(file, content, { mode: ownerOnly });
  return pki;
};
