/** A certificate for programs that stand for Services of a cluster, with an authority of its own. */
import { generate } from "selfsigned";

export interface IssuedCertificate {
  readonly caPem: string;
  readonly caKeyPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const validityMs = 30 * 24 * 3_600_000;
const clockSkewMs = 3_600_000;

/** For servers and clients; for 127.0.0.1, localhost, `names` (the first is the subject) and `addresses`. */
export const issueCertificate = async (
  names: readonly string[],
  addresses: readonly string[] = [],
): Promise<IssuedCertificate> => {
  const common = {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - clockSkewMs),
    notAfterDate: new Date(Date.now() + validityMs),
  } as const;
  const authority = await generate([{ name: "commonName", value: "bellwether-lab-platform-ca" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const issued = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true, clientAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          ...["localhost", ...names].map((value) => ({ type: 2, value }) as const),
          ...["127.0.0.1", ...addresses].map((ip) => ({ type: 7, ip }) as const),
        ],
      },
    ],
  });
  return { caPem: authority.cert, caKeyPem: authority.private, certificatePem: issued.cert, keyPem: issued.private };
};
