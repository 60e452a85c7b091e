/** One object, or the knowledge that it does not exist, or the answer that kept us from knowing. */
import type { KubeObject } from "./object.ts";
import { getRequest, objectOf, type KubeResponse, type Resource, type Transport } from "./request.ts";
import { classify } from "./status-class.ts";

export type Reading =
  | { readonly ok: true; readonly object: KubeObject | undefined }
  | { readonly ok: false; readonly response: KubeResponse };

/** Something that took several reads, or the answer that kept us from it and what was being done. */
export type Loaded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly response: KubeResponse; readonly doing: string };

export const readOne = async (
  send: Transport,
  resource: Resource,
  namespace: string,
  name: string,
): Promise<Reading> => {
  const response = await send(getRequest(resource, namespace, name));
  const outcome = classify(response);
  if (outcome === "ok") return { ok: true, object: objectOf(response) };
  return outcome === "gone" ? { ok: true, object: undefined } : { ok: false, response };
};
