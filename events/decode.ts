/**
 * Turns an HTTP message into a typed event, or says in one sentence why not. Strict, because anything that reaches the function
 * may post to it, and small, because it runs for every change of every watched object.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/spec.md
 */
import { openEnvelope, type Envelope, type HttpMessage } from "./envelope.ts";
import { objectType, ROLE_CLAIMED, TICK_TYPE, type Change, type ObjectAddress, type ObjectForm } from "./names.ts";
import { recordAt, Refusal, refuse, textAt } from "./refusal.ts";
import type { IncomingEvent, ObjectEvent, WatchedObject } from "./types.ts";

export type Decoded =
  | { readonly ok: true; readonly event: IncomingEvent }
  | { readonly ok: false; readonly message: string };

const FORMS: readonly ObjectForm[] = ["resource", "ref"];
const CHANGES: readonly Change[] = ["add", "update", "delete"];
const OBJECT_TYPES: ReadonlyMap<string, { readonly form: ObjectForm; readonly change: Change }> = new Map(
  FORMS.flatMap((form) => CHANGES.map((change) => [objectType(form, change), { form, change }] as const)),
);
const ACCEPTED_TYPES = `dev.knative.apiserver.{resource,ref}.{add,update,delete}, ${TICK_TYPE} or ${ROLE_CLAIMED}`;

const JSON_MEDIA_TYPE = /^[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/iu;

const requiredAttribute = (envelope: Envelope, name: string): string =>
  textAt(envelope.label(name), envelope.attribute(name));

const agree = (field: string, got: unknown, expected: string): void => {
  if (got !== expected) refuse(field, got, `the same as in the attributes, ${JSON.stringify(expected)}`);
};

const checkLabels = (labels: unknown): void => {
  for (const [name, value] of Object.entries(recordAt("data.metadata.labels", labels))) {
    if (typeof value !== "string") refuse(`data.metadata.labels[${JSON.stringify(name)}]`, value, "a string");
  }
};

const checkOwners = (owners: unknown): void => {
  const field = "data.metadata.ownerReferences";
  if (!Array.isArray(owners)) refuse(field, owners, "an array");
  for (const [index, owner] of (owners as readonly unknown[]).entries()) {
    const entry = recordAt(`${field}[${index}]`, owner);
    for (const name of ["kind", "name", "uid"]) textAt(`${field}[${index}].${name}`, entry[name]);
  }
};

const watchedObject = (data: unknown, address: ObjectAddress): WatchedObject => {
  const object = recordAt("data", data);
  agree("data.apiVersion", object["apiVersion"], address.apiVersion);
  agree("data.kind", object["kind"], address.kind);
  const metadata = recordAt("data.metadata", object["metadata"]);
  agree("data.metadata.name", metadata["name"], address.name);
  agree("data.metadata.namespace", metadata["namespace"], address.namespace);
  textAt("data.metadata.uid", metadata["uid"]);
  textAt("data.metadata.resourceVersion", metadata["resourceVersion"]);
  if (metadata["labels"] !== undefined) checkLabels(metadata["labels"]);
  if (metadata["ownerReferences"] !== undefined) checkOwners(metadata["ownerReferences"]);
  return data as WatchedObject;
};

const objectEvent = (
  envelope: Envelope,
  { id, source }: { readonly id: string; readonly source: string },
  { form, change }: { readonly form: ObjectForm; readonly change: Change },
): ObjectEvent => {
  const address: ObjectAddress = {
    apiVersion: requiredAttribute(envelope, "apiversion"),
    kind: requiredAttribute(envelope, "kind"),
    namespace: requiredAttribute(envelope, "namespace"),
    name: requiredAttribute(envelope, "name"),
  };
  const { contentType } = envelope;
  if (typeof contentType !== "string" || !JSON_MEDIA_TYPE.test(contentType)) {
    refuse("datacontenttype", contentType, "application/json or another JSON media type");
  }
  // The data of a reference repeats the attributes and nothing else, so it is not even parsed.
  const object = form === "resource" ? watchedObject(envelope.data(), address) : undefined;
  return { type: "object", id, source, change, ...address, object };
};

const eventOf = (envelope: Envelope): IncomingEvent => {
  const version = envelope.attribute("specversion");
  if (version !== "1.0") refuse(envelope.label("specversion"), version, '"1.0"');
  const id = requiredAttribute(envelope, "id");
  const source = requiredAttribute(envelope, "source");
  const type = requiredAttribute(envelope, "type");
  if (type === TICK_TYPE) return { type: "tick", id, source };
  if (type === ROLE_CLAIMED) {
    const namespace = requiredAttribute(envelope, "namespace");
    return { type: "claim", id, source, namespace, pod: requiredAttribute(envelope, "name") };
  }
  const meaning = OBJECT_TYPES.get(type) ?? refuse(envelope.label("type"), type, ACCEPTED_TYPES);
  return objectEvent(envelope, { id, source }, meaning);
};

/**
 * Decodes a CloudEvent 1.0 in binary or structured mode (`application/cloudevents+json`). Unknown attributes are ignored. The body may
 * be parsed already. Never throws for bad input: `message` names the attribute or data field, what it got (at most 100
 * characters) and what it accepts, and is meant for the body of a 400.
 */
export const decodeEvent = (message: HttpMessage): Decoded => {
  try {
    return { ok: true, event: eventOf(openEnvelope(message)) };
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, message: error.message };
    throw error;
  }
};
