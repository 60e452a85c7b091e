/**
 * Certificates for asking over TLS, from a Secret of the checker's own namespace. Read again for each round, so that a rotated one is
 * used at once and none is kept.
 */
import type { Io } from "../kit/context.ts";
import { readOne } from "../kit/kube/read.ts";
import { describe } from "../kit/kube/status-class.ts";
import type { Tls } from "./ask/ask.ts";
import { SECRETS } from "./labels.ts";
import type { TlsRef } from "./model.ts";

/** Those of `kubernetes.io/tls`, and the CA beside them, as cert-manager writes it. */
const CA = "ca.crt";
const CERTIFICATE = "tls.crt";
const KEY = "tls.key";

export type TlsReading =
  | { readonly ok: true; readonly tls: Tls | undefined }
  /** Why nobody can be asked, as it completes "db-0: ". */
  | { readonly ok: false; readonly why: string };

const unusable = (secretName: string, why: string): TlsReading => ({
  ok: false,
  why: `it is not asked, because Secret ${secretName} ${why}`,
});

const tlsFrom = ({ secretName, serverName }: TlsRef, data: Readonly<Record<string, unknown>>): TlsReading => {
  const pem = (key: string): Buffer | undefined => {
    const text = data[key];
    return typeof text === "string" && text !== "" ? Buffer.from(text, "base64") : undefined;
  };
  const [ca, certificate, key] = [pem(CA), pem(CERTIFICATE), pem(KEY)];
  if (ca === undefined) return unusable(secretName, `has no ${CA}`);
  if ((certificate === undefined) !== (key === undefined)) {
    return unusable(secretName, `has only one of ${CERTIFICATE} and ${KEY}`);
  }
  const client = certificate === undefined || key === undefined ? undefined : { certificate, key };
  return { ok: true, tls: { ca, client, serverName } };
};

/** `ref` undefined: plain text. */
export const readTls = async ({ send }: Io, namespace: string, ref: TlsRef | undefined): Promise<TlsReading> => {
  if (ref === undefined) return { ok: true, tls: undefined };
  const { secretName } = ref;
  const reading = await readOne(send, SECRETS, namespace, secretName);
  if (!reading.ok) return unusable(secretName, `cannot be read: ${describe(reading.response)}`);
  if (reading.object === undefined) return unusable(secretName, `does not exist in namespace ${namespace}`);
  return tlsFrom(ref, (reading.object as { readonly data?: Readonly<Record<string, unknown>> }).data ?? {});
};
