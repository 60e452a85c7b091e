/**
 * Opens an HTTP message that carries a CloudEvent, in binary or structured mode, so that the decoder reads attributes and data
 * without knowing which. https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md
 */
import { recordAt, refuse } from "./refusal.ts";

/** A request as any HTTP host has it: lower-case header names; the body raw, or parsed already. */
export interface HttpMessage {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: Buffer | string | object | undefined;
}

export interface Envelope {
  /** Value of an attribute or extension; undefined when absent. */
  attribute(name: string): unknown;
  /** How messages about the attribute call it. */
  label(name: string): string;
  /** Media type of the data; undefined when the sender did not say. */
  readonly contentType: unknown;
  /** The data as parsed JSON. */
  data(): unknown;
}

const parse = (field: string, body: HttpMessage["body"]): unknown => {
  if (body === undefined || typeof body === "string" || Buffer.isBuffer(body)) {
    const text = body?.toString() ?? "";
    try {
      return JSON.parse(text);
    } catch {
      return refuse(field, text, "JSON");
    }
  }
  return body;
};

/** Section 3.1.3.2: first the double-quoted form of older senders, then one round of percent-decoding, which must be UTF-8. */
const decodeValue = (field: string, raw: string): string => {
  const value =
    raw.startsWith('"') && raw.endsWith('"') && raw.length > 1 ? raw.slice(1, -1).replaceAll(/\\(.)/gu, "$1") : raw;
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return refuse(field, raw, "percent-encoded UTF-8");
  }
};

const single = (headers: HttpMessage["headers"], name: string): string | undefined => {
  const value = headers[name];
  return value === undefined || typeof value === "string" ? value : refuse(name, value, "one value");
};

const openBinary = ({ headers, body }: HttpMessage, contentType: string | undefined): Envelope => {
  if (headers["ce-datacontenttype"] !== undefined) {
    refuse("ce-datacontenttype", headers["ce-datacontenttype"], "no such header: binary mode uses content-type");
  }
  return {
    attribute: (name) => {
      const value = single(headers, `ce-${name}`);
      return value === undefined ? undefined : decodeValue(`ce-${name}`, value);
    },
    label: (name) => `ce-${name}`,
    contentType,
    data: () => parse("data", body),
  };
};

const openStructured = ({ body }: HttpMessage): Envelope => {
  const event = recordAt("body", parse("body", body));
  return {
    attribute: (name) => event[name],
    label: (name) => name,
    // In the JSON format, data without a datacontenttype is JSON (JSON event format, section 3.1).
    contentType: event["datacontenttype"] ?? "application/json",
    data: () =>
      event["data_base64"] === undefined ? event["data"] : refuse("data_base64", "…", "JSON in data instead"),
  };
};

/** Throws a `Refusal` for a batch, another event format, or JSON that does not parse. */
export const openEnvelope = (message: HttpMessage): Envelope => {
  const contentType = single(message.headers, "content-type");
  const media = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!media.startsWith("application/cloudevents")) return openBinary(message, contentType);
  if (media === "application/cloudevents+json") return openStructured(message);
  return refuse("content-type", contentType, "one event: binary mode, or application/cloudevents+json; no batches");
};
