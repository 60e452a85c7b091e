/**
 * Says in words why a pod did not answer. The words carry no time, port or text of the application, because they end in
 * conditions: the same cause must read the same on each pass.
 */

export interface Failure {
  /** Name of the gRPC status code, such as `UNAVAILABLE`. */
  readonly status: string;
  /** The status' message, from the gRPC library or from the application. */
  readonly details: string;
  readonly deadlineMs: number;
  /** Whether it was asked over TLS. */
  readonly secure: boolean;
}

type Explanation = readonly [message: RegExp, why: string];

/** What the library, Node.js and OpenSSL say when there is no connection; the first that matches counts. */
const UNCONNECTED: readonly Explanation[] = [
  [/Name resolution failed/, "its DNS name cannot be resolved"],
  [/ECONNREFUSED/, "it refuses connections on this port"],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL/, "its address cannot be reached"],
  [/ETIMEDOUT/, "its address does not respond"],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, "its certificate is for another name"],
  [/certificate has expired/, "its certificate has expired"],
  [/certificate is not yet valid/, "its certificate is not valid yet"],
  [
    /self-signed certificate|unable to (?:verify|get)|certificate signature failure|invalid CA/,
    "its certificate is not signed by the given CA",
  ],
  [/wrong version number|packet length too long/, "it does not speak TLS"],
  [/Protocol error/, "it does not speak HTTP/2"],
  [/SSL routines/, "the TLS handshake failed"],
];

const LATER: readonly Explanation[] = [
  [/ECONNRESET|EPIPE|Connection dropped|connection closed/i, "it closed the connection without an answer"],
];

/** https://www.rfc-editor.org/rfc/rfc8446#section-6, in the words of OpenSSL. */
const TLS_ALERT = /alert (?<alert>[a-z ]+):/;

const firstOf = (explanations: readonly Explanation[], details: string): string | undefined =>
  explanations.find(([message]) => message.test(details))?.[1];

const unconnected = ({ details, secure }: Failure): string => {
  const alert = TLS_ALERT.exec(details)?.groups?.["alert"];
  if (alert !== undefined) return `it refuses the TLS handshake: ${alert}`;
  const hint = secure ? "it may refuse the client certificate" : "it may expect TLS";
  return firstOf(UNCONNECTED, details) ?? `it closes connections; ${hint}`;
};

const unavailable = (failure: Failure): string | undefined =>
  /^(?:No connection established|Name resolution failed)/.test(failure.details)
    ? unconnected(failure)
    : firstOf(LATER, failure.details);

/** By status; undefined: what the application itself answered. */
const OWN: Readonly<Record<string, (failure: Failure) => string | undefined>> = {
  DEADLINE_EXCEEDED: ({ details, deadlineMs }) =>
    details.includes("remote_addr=") ? `no answer within ${deadlineMs} ms` : `no connection within ${deadlineMs} ms`,
  UNAVAILABLE: unavailable,
  UNIMPLEMENTED: () => "it does not speak notification.v1",
  RESOURCE_EXHAUSTED: ({ details }) => (details.includes("larger than max") ? "its answer is too large" : undefined),
  INTERNAL: ({ details }) => (details.includes("parsing error") ? "its answer is malformed" : undefined),
};

/** In a few words that complete "db-0: ". */
export const explain = (failure: Failure): string =>
  OWN[failure.status]?.(failure) ?? `it answered with the gRPC status ${failure.status}`;

/** When no TLS connection can be tried with what the Secret holds. `error` is that of OpenSSL or of the gRPC library. */
export const explainUnusable = (error: unknown): string =>
  `the CA, client certificate or key cannot be used: ${error instanceof Error ? error.message : String(error)}`;
