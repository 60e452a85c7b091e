/**
 * What a ScaledObject's trigger may say. There is nothing to choose in it: KEDA hands on what is meant for itself, and anything else is
 * a mistake that would go unnoticed.
 */

/** KEDA's own, which it reads to make the connection. */
const ACCEPTED = ["scalerAddress", "enableTLS", "unsafeSsl"];

/** What is wrong with the metadata; undefined: nothing. */
export const problemOf = (metadata: Readonly<Record<string, string>>): string | undefined => {
  const unknown = Object.entries(metadata).filter(([name]) => !ACCEPTED.includes(name));
  if (unknown.length === 0) return undefined;
  const got = unknown.map(([name, value]) => `triggers.metadata.${name}: got "${value}"`).join("; ");
  return `${got}; accepts only ${ACCEPTED.join(", ")}: what counts as work is the function's configuration`;
};
