/** Certificates for applications that ask for one and show one: an authority, a server for the given names, a client. */
import { isIP } from "node:net";
import { generate } from "selfsigned";

export interface Identity {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface MutualCertificates {
  readonly caPem: string;
  readonly server: Identity;
  readonly client: Identity;
}

const VALIDITY_MS = 24 * 3_600_000;
const CLOCK_SKEW_MS = 3_600_000;

/** `names`: DNS names and IP addresses that the server's certificate carries; default 127.0.0.1. */
export const createMutualCertificates = async (
  names: readonly string[] = ["127.0.0.1"],
): Promise<MutualCertificates> => {
  const common = {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(Date.now() - CLOCK_SKEW_MS),
    notAfterDate: new Date(Date.now() + VALIDITY_MS),
  } as const;
  const authority = await generate([{ name: "commonName", value: "role-app-ca" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const issue = async (commonName: string, usage: "serverAuth" | "clientAuth"): Promise<Identity> => {
    const { cert, private: keyPem } = await generate([{ name: "commonName", value: commonName }], {
      ...common,
      ca: { key: authority.private, cert: authority.cert },
      extensions: [
        { name: "basicConstraints", cA: false, critical: true },
        { name: "keyUsage", digitalSignature: true, critical: true },
        { name: "extKeyUsage", [usage]: true },
        {
          name: "subjectAltName",
          altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
        },
      ],
    });
    return { certificatePem: cert, keyPem };
  };
  const [server, client] = await Promise.all([issue("role-app", "serverAuth"), issue("bellwether", "clientAuth")]);
  return { caPem: authority.cert, server, client };
};
