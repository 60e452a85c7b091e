/** What the decoder accepts and refuses, attribute by attribute; real messages are replayed in tests/contract/events. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEvent, type Decoded } from "../../../events/decode.ts";

const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "db-0",
    namespace: "data",
    uid: "5c1d",
    resourceVersion: "17",
    labels: { app: "db" },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "9f00", controller: true }],
  },
};
const ATTRIBUTES = {
  specversion: "1.0",
  id: "e-1",
  source: "https://10.96.0.1:443",
  type: "dev.knative.apiserver.resource.update",
  kind: "Pod",
  apiversion: "v1",
  name: "db-0",
  namespace: "data",
};

type Changes = Readonly<Record<string, unknown>>;

/** The valid event with some attributes (undefined: left out) and data changed, in binary mode. */
const binary = (changes: Changes = {}, data: unknown = POD): Decoded => {
  const attributes = Object.entries({ ...ATTRIBUTES, ...changes }).filter(([, value]) => value !== undefined);
  const headers = Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, value]));
  return decodeEvent({ headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(data) });
};

const structured = (changes: Changes = {}): Decoded =>
  decodeEvent({
    headers: { "content-type": "application/cloudevents+json; charset=UTF-8" },
    body: Buffer.from(JSON.stringify({ ...ATTRIBUTES, data: POD, ...changes })),
  });

const withMetadata = (changes: Changes): unknown => ({ ...POD, metadata: { ...POD.metadata, ...changes } });

const EXPECTED = {
  ok: true,
  event: {
    type: "object",
    id: "e-1",
    source: "https://10.96.0.1:443",
    change: "update",
    apiVersion: "v1",
    kind: "Pod",
    namespace: "data",
    name: "db-0",
    object: POD,
  },
};

describe("an accepted event", () => {
  it("is the same in binary mode, in structured mode, and with a body that is parsed already", () => {
    expect(binary()).toEqual(EXPECTED);
    expect(structured()).toEqual(EXPECTED);
    const headers = Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, value]) => [`ce-${name}`, value]));
    expect(decodeEvent({ headers: { "content-type": "application/json", ...headers }, body: POD })).toEqual(EXPECTED);
  });

  it.each(["add", "update", "delete"])("of type ref.%s names an object and carries none", (change) => {
    const decoded = binary({ type: `dev.knative.apiserver.ref.${change}` }, { anything: true });
    expect(decoded).toMatchObject({ ok: true, event: { change, name: "db-0", object: undefined } });
  });

  it("of a tick needs neither data nor a content type", () => {
    const source = "/apis/v1/namespaces/data/pingsources/tick";
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "t-1",
      "ce-source": source,
      "ce-type": "dev.knative.sources.ping",
    };
    expect(decodeEvent({ headers })).toEqual({ ok: true, event: { type: "tick", id: "t-1", source } });
  });

  it("may carry unknown extensions", () => {
    expect(binary({ traceparent: "00-ab-cd-01", cluster: "blue" })).toEqual(EXPECTED);
    expect(structured({ cluster: 7 })).toEqual(EXPECTED);
  });

  it("has its header values unquoted and percent-decoded once", () => {
    expect(binary({ id: "Euro%20%E2%82%AC%20%f0%9f%98%80" })).toMatchObject({ ok: true, event: { id: "Euro € 😀" } });
    expect(binary({ id: '"a \\"b\\" c"' })).toMatchObject({ ok: true, event: { id: 'a "b" c' } });
    expect(binary({ id: "100%2525" })).toMatchObject({ ok: true, event: { id: "100%25" } });
    expect(structured({ id: "100%25" })).toMatchObject({ ok: true, event: { id: "100%25" } });
  });

  it.each(["application/json", "Application/JSON; charset=utf-8", "application/vnd.k8s+json"])("may be %s", (type) => {
    expect(structured({ datacontenttype: type })).toEqual(EXPECTED);
  });
});

describe("a refusal names the attribute, what it got and what it accepts", () => {
  it.each(Object.keys(ATTRIBUTES))("when %s is missing, empty or no string", (name) => {
    expect(binary({ [name]: undefined })).toMatchObject({
      ok: false,
      message: expect.stringMatching(`^ce-${name}: got nothing, accepts `),
    });
    expect(binary({ [name]: "" })).toMatchObject({
      ok: false,
      message: expect.stringMatching(`^ce-${name}: got an empty value, accepts `),
    });
    expect(structured({ [name]: 1 })).toMatchObject({
      ok: false,
      message: expect.stringMatching(`^${name}: got 1, accepts `),
    });
    expect(binary({ [name]: ["a", "b"] })).toEqual({
      ok: false,
      message: `ce-${name}: got an array, accepts one value`,
    });
  });

  it.each([
    [{ specversion: "2.0" }, 'ce-specversion: got "2.0", accepts "1.0"'],
    [{ specversion: "0.3" }, 'ce-specversion: got "0.3", accepts "1.0"'],
    [
      { type: "dev.knative.apiserver.resource.patch" },
      'ce-type: got "dev.knative.apiserver.resource.patch", accepts dev.knative.apiserver.{resource,ref}.{add,update,delete}, dev.knative.sources.ping or dev.bellwether.role.claimed.v1',
    ],
    [{ id: "%C0%A0" }, 'ce-id: got "%C0%A0", accepts percent-encoded UTF-8'],
    [{ id: "100%" }, 'ce-id: got "100%", accepts percent-encoded UTF-8'],
    [
      { datacontenttype: "application/json" },
      'ce-datacontenttype: got "application/json", accepts no such header: binary mode uses content-type',
    ],
    [{ name: "db-1" }, 'data.metadata.name: got "db-0", accepts the same as in the attributes, "db-1"'],
    [{ namespace: "other" }, 'data.metadata.namespace: got "data", accepts the same as in the attributes, "other"'],
    [{ kind: "Node" }, 'data.kind: got "Pod", accepts the same as in the attributes, "Node"'],
    [{ apiversion: "v2" }, 'data.apiVersion: got "v1", accepts the same as in the attributes, "v2"'],
  ])("%j", (changes, message) => {
    expect(binary(changes)).toEqual({ ok: false, message });
  });

  it.each([
    ["a string", 'data: got "a string", accepts a JSON object'],
    [null, "data: got null, accepts a JSON object"],
    [[POD], "data: got an array, accepts a JSON object"],
    [{ ...POD, metadata: "x" }, 'data.metadata: got "x", accepts a JSON object'],
    [withMetadata({ uid: undefined }), "data.metadata.uid: got nothing, accepts a non-empty string"],
    [withMetadata({ resourceVersion: 17 }), "data.metadata.resourceVersion: got 17, accepts a non-empty string"],
    [withMetadata({ labels: [] }), "data.metadata.labels: got an array, accepts a JSON object"],
    [withMetadata({ labels: { a: 1 } }), 'data.metadata.labels["a"]: got 1, accepts a string'],
    [withMetadata({ ownerReferences: {} }), "data.metadata.ownerReferences: got an object, accepts an array"],
    [withMetadata({ ownerReferences: [1] }), "data.metadata.ownerReferences[0]: got 1, accepts a JSON object"],
    [
      withMetadata({ ownerReferences: [{ kind: "X", name: "y" }] }),
      "data.metadata.ownerReferences[0].uid: got nothing, accepts a non-empty string",
    ],
  ])("for the data %j", (data, message) => {
    expect(binary({}, data)).toEqual({ ok: false, message });
  });

  it("shortens a long value to 100 characters", () => {
    expect(binary({ type: "x".repeat(5000) })).toMatchObject({
      message: expect.stringContaining(`"${"x".repeat(100)}…", `),
    });
  });

  it("for a batch, another event format, other media, no JSON and no event at all", () => {
    const only = "accepts one event: binary mode, or application/cloudevents+json; no batches";
    for (const type of ["application/cloudevents-batch+json", "application/cloudevents+avro"]) {
      expect(decodeEvent({ headers: { "content-type": type }, body: "[]" })).toEqual({
        ok: false,
        message: `content-type: got "${type}", ${only}`,
      });
    }
    expect(structured({ datacontenttype: "text/xml" })).toMatchObject({
      message: expect.stringContaining('got "text/xml"'),
    });
    expect(structured({ data: undefined, data_base64: "e30=" })).toMatchObject({
      message: expect.stringMatching("^data_base64: "),
    });
    const headers = { "content-type": "application/cloudevents+json" };
    expect(decodeEvent({ headers, body: "{" })).toEqual({ ok: false, message: 'body: got "{", accepts JSON' });
    expect(decodeEvent({ headers })).toEqual({ ok: false, message: "body: got an empty value, accepts JSON" });
    expect(decodeEvent({ headers, body: "[]" })).toEqual({
      ok: false,
      message: "body: got an array, accepts a JSON object",
    });
    expect(decodeEvent({ headers: {}, body: "hello" })).toEqual({
      ok: false,
      message: 'ce-specversion: got nothing, accepts "1.0"',
    });
  });
});

it("never throws, whatever arrives", () => {
  const header = fc.option(fc.oneof(fc.string(), fc.array(fc.string())), { nil: undefined });
  const names = ["content-type", ...Object.keys(ATTRIBUTES).map((name) => `ce-${name}`)];
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, header])));
  const valid = {
    "content-type": "application/json",
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([k, v]) => [`ce-${k}`, v])),
  };
  fc.assert(
    fc.property(headers, fc.boolean(), fc.oneof(fc.string(), fc.json(), fc.object()), (some, complete, body) => {
      expect(decodeEvent({ headers: complete ? valid : some, body }).ok).toBe(false);
    }),
  );
});
