/** The captured events of the real adapters, replayed through the decoder and held against schemas and the local source's encoder. */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeEvent } from "../../../events/decode.ts";
import { handoverStalled, leaderElected, leaderLost, type OutgoingEvent } from "../../../events/encode.ts";
import { ROLE_CLAIMED } from "../../../events/names.ts";
import { goJson } from "../../../events/source/go-json.ts";
import { readRawSample, readSamples, type Sample } from "./samples.ts";

const SCHEMAS_FOLDER = join(import.meta.dirname, "../../../events/schemas");

const ajv = new Ajv2020({ strictTypes: false, strictRequired: false, allErrors: true });
for (const file of readdirSync(SCHEMAS_FOLDER)) {
  ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS_FOLDER, file), "utf8")) as object);
}
const schema = (name: string): ValidateFunction => {
  const validate = ajv.getSchema(`${name}.json`);
  if (validate === undefined) throw new Error(`no schema ${name}`);
  return validate;
};
const problems = (name: string, value: unknown): string => {
  const validate = schema(name);
  return validate(value) ? "" : ajv.errorsText(validate.errors);
};

/** The event of a binary message in the JSON event format. */
const toStructured = ({ headers, body }: Sample): Readonly<Record<string, unknown>> => {
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  const fields = Object.fromEntries(attributes.map(([name, value]) => [name.slice("ce-".length), value]));
  return { ...fields, datacontenttype: headers["content-type"], data: body };
};

const decodeStructured = (event: unknown): ReturnType<typeof decodeEvent> =>
  decodeEvent({ headers: { "content-type": "application/cloudevents+json" }, body: JSON.stringify(event) });

describe.each(readSamples())("the captured $name", (sample) => {
  const raw = readRawSample(sample.name);
  const decoded = decodeEvent({ headers: sample.headers, body: Buffer.from(raw.body) });

  it("is accepted and says what its attributes say", () => {
    const { headers } = sample;
    const type = headers["ce-type"] ?? "";
    const change = /\.(add|update|delete)$/u.exec(type)?.[1];
    const about = {
      change,
      kind: headers["ce-kind"],
      apiVersion: headers["ce-apiversion"],
      namespace: headers["ce-namespace"],
      name: headers["ce-name"],
    };
    const object = type.includes(".resource.") ? sample.body : undefined;
    const claim = { type: "claim", namespace: about.namespace, pod: about.name };
    const other = type === ROLE_CLAIMED ? claim : { type: "tick" };
    const event = change === undefined ? other : { type: "object", ...about, object };
    expect(decoded).toEqual({ ok: true, event: { id: headers["ce-id"], source: headers["ce-source"], ...event } });
  });

  it("means the same in structured mode and as a parsed body", () => {
    expect(decodeStructured(toStructured(sample))).toEqual(decoded);
    expect(decodeEvent(sample)).toEqual(decoded);
  });

  it("is the same message in its two files", () => {
    expect(raw.target).toBe("POST /");
    expect(Object.fromEntries(raw.headers.map(([name, value]) => [name.toLowerCase(), value]))).toEqual(sample.headers);
    expect(JSON.parse(raw.body)).toEqual(sample.body);
    expect(sample.headers["content-length"]).toBe(String(Buffer.byteLength(raw.body)));
  });

  it("satisfies the schema of incoming events, and without any required attribute neither the schema nor the decoder", () => {
    const event = toStructured(sample);
    expect(problems("incoming", event)).toBe("");
    const tick = event["type"] === "dev.knative.sources.ping";
    const object = event["type"] !== ROLE_CLAIMED;
    for (const name of [
      "specversion",
      "id",
      "source",
      "type",
      ...(tick ? [] : ["name", "namespace"]),
      ...(tick || !object ? [] : ["kind", "apiversion"]),
    ]) {
      const { [name]: _, ...incomplete } = event;
      expect(problems("incoming", incomplete)).toContain(name);
      expect(decodeStructured(incomplete)).toMatchObject({ ok: false, message: expect.stringMatching(`^${name}: `) });
    }
  });
});

it("the samples cover every kind of event", () => {
  expect(readSamples().map(({ headers }) => `${headers["ce-type"]} ${headers["ce-kind"]}`)).toEqual(
    expect.arrayContaining([
      "dev.knative.apiserver.resource.add Pod",
      "dev.knative.apiserver.resource.update Pod",
      "dev.knative.apiserver.resource.delete Pod",
      "dev.knative.apiserver.resource.update StatefulSet",
      "dev.knative.apiserver.resource.add StatefulSetLock",
      "dev.knative.apiserver.ref.update Pod",
      "dev.knative.sources.ping undefined",
      "dev.bellwether.role.claimed.v1 undefined",
    ]),
  );
});

it.each(["pod-add", "pod-update", "pod-delete", "statefulset-update", "lock-add"])(
  "the local source's JSON of %s is Go's, byte for byte",
  (name) => {
    const { body } = readRawSample(name);
    expect(goJson(JSON.parse(body))).toBe(body);
  },
);

/** The data as it arrives, without fields that are undefined. */
const data = ({ data: content }: OutgoingEvent): unknown => JSON.parse(JSON.stringify(content));

describe("an outgoing event", () => {
  const leader = { name: "db-1", uid: "5c1e" };
  const previous = { name: "db-0", uid: "5c1d" };
  const facts = {
    feature: "election",
    owner: { apiVersion: "app.anukkrit.me/v1", kind: "StatefulSetLock", namespace: "data", name: "db", uid: "0b0b" },
    group: "9f00",
    record: { name: "db-writer", uid: "1ea5" },
    epoch: 217_345_678,
    reason: "leader not Ready",
    time: "2026-11-20T07:54:38.000Z",
  };
  it("satisfies the schema of its type", () => {
    expect(problems("leader.elected.v1", data(leaderElected({ ...facts, leader })))).toBe("");
    expect(problems("leader.elected.v1", data(leaderElected({ ...facts, leader, previous })))).toBe("");
    expect(problems("leader.lost.v1", data(leaderLost({ ...facts, previous })))).toBe("");
    expect(problems("handover.stalled.v1", data(handoverStalled(facts)))).toBe("");
  });

  it("of one type does not pass for another that demands more", () => {
    expect(problems("leader.elected.v1", data(leaderLost({ ...facts, previous })))).toContain("leader");
    expect(problems("leader.lost.v1", data(leaderElected({ ...facts, leader, previous })))).not.toBe("");
    expect(problems("leader.lost.v1", data(handoverStalled(facts)))).toContain("previous");
  });
});
