/** One change to an object that is accepted otherwise, and what the API server says to it. */
import type { Lab } from "../../../../infra/lab/lab.ts";
import type { Manifest } from "../../../../infra/lab/manifests.ts";

interface Status {
  readonly message?: string;
}

interface Discovery {
  readonly resources: readonly { readonly name: string; readonly kind: string }[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A merge patch: null removes. https://www.rfc-editor.org/rfc/rfc7396 */
export const merge = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch;
  const merged = Object.entries(patch).map(([key, value]) => [key, merge(isObject(target) ? target[key] : {}, value)]);
  const all: Json = { ...(isObject(target) ? target : {}), ...Object.fromEntries(merged) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
};

/**
 * What the API server answers to the creation of an object like `good` with that change, in the strict way of kubectl; nothing is
 * stored. `accepted`, or the message of the refusal.
 */
export const answerTo = async ({ api }: Lab, good: Manifest, change: unknown): Promise<string> => {
  const root = `/apis/${good.apiVersion}`;
  const { resources } = (await api.call<Discovery>("GET", root)).body;
  const plural = resources.find(({ kind, name }) => kind === good.kind && !name.includes("/"))?.name ?? "";
  const path = `${root}/namespaces/${good.metadata.namespace ?? ""}/${plural}?dryRun=All&fieldValidation=Strict`;
  const body = merge(merge(good, { metadata: { name: "mistake" } }), change);
  const answer = await api.call<Status>("POST", path, { body });
  return answer.status === 201 ? "accepted" : (answer.body.message ?? "");
};
