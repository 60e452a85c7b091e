/** Names of the CloudEvents that come in and go out, in one place, because decoder, encoder, local source and schemas share them. */

/** Type of a PingSource tick. */
export const TICK_TYPE = "dev.knative.sources.ping";

/** Type of the event by which an application says that one of its pods leads now. */
export const ROLE_CLAIMED = "dev.bellwether.role.claimed.v1";

/** `resource`: the data is the whole object; `ref`: the data only names it. */
export type ObjectForm = "resource" | "ref";
export type Change = "add" | "update" | "delete";

/** Type of an ApiServerSource event. */
export const objectType = (form: ObjectForm, change: Change): string => `dev.knative.apiserver.${form}.${change}`;

/** Types of the events that the function sends. A changed meaning gets a new version, hence a new type. */
export const LEADER_ELECTED = "dev.bellwether.leader.elected.v1";
export const LEADER_LOST = "dev.bellwether.leader.lost.v1";
export const HANDOVER_STALLED = "dev.bellwether.handover.stalled.v1";

/** Plural as Kubernetes guesses it from a kind (apimachinery, `UnsafeGuessKindToResource`); Knative's subjects use it. */
const guessPlural = (kind: string): string => {
  const singular = kind.toLowerCase();
  if (singular.endsWith("endpoints")) return singular;
  if (singular.endsWith("s")) return `${singular}es`;
  return singular.endsWith("y") ? `${singular.slice(0, -1)}ies` : `${singular}s`;
};

export interface ObjectAddress {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * Path by which events name an object. It begins with `/apis/` for core kinds too (`/apis/v1/...`), as Knative's subjects do.
 */
export const objectPath = ({ apiVersion, kind, namespace, name }: ObjectAddress): string =>
  `/apis/${apiVersion}/namespaces/${namespace}/${guessPlural(kind)}/${name}`;
