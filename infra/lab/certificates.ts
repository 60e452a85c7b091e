/** A certificate authority of the lab's own and a server certificate for this machine, so that clients verify TLS as they would in a cluster. */
import { generate } from "selfsigned";

export interface Certificates {
  readonly caPem: string;
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
}

const validityMs = 30 * 24 * 3_600_000;
const clockSkewMs = 3_600_000;

export const createCertificates = async (): Promise<Certificates> => {
  const notBeforeDate = new Date(Date.now() - clockSkewMs);
  const common = {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate,
    notAfterDate: new Date(Date.now() + validityMs),
  } as const;
  const authority = await generate([{ name: "commonName", value: "bellwether-lab-ca" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "kube-apiserver" }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 2, value: "kubernetes.default.svc" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { caPem: authority.cert, serverCertificatePem: server.cert, serverKeyPem: server.private };
};
