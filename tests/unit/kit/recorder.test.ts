/** Kubernetes Events: one fact has one name, and every field is what events.k8s.io/v1 asks for. */
import { expect, test } from "vitest";
import { eventRequest, type Notice, type Regarding } from "../../../functions/kit/recorder.ts";
import { LOCKS } from "../../../functions/election/labels.ts";
import { NOW } from "../support/builders.ts";

interface EventBody {
  readonly metadata: { readonly name: string };
  readonly eventTime: string;
  readonly note: string;
}

const NOTICE: Notice = {
  type: "Normal",
  reason: "LeaderElected",
  action: "HandOver",
  note: "pod db-0 leads",
};
const LOCK: Regarding = { resource: LOCKS, namespace: "default", name: "db-lock", uid: "uid-1" };
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

const body = (
  notice: Partial<Notice> = {},
  regarding: Partial<Regarding> = {},
  now = NOW,
  instance = "one",
): EventBody => eventRequest({ ...LOCK, ...regarding }, { ...NOTICE, ...notice }, { now, instance }).body as EventBody;

test("an Event has every field that the API server asks for, and a time with six decimals", () => {
  expect(body()).toEqual({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: expect.stringMatching(/^db-lock\.[0-9a-f]{16}$/), namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    reportingController: "bellwether.dev/function",
    reportingInstance: "one",
    action: "HandOver",
    reason: "LeaderElected",
    type: "Normal",
    note: "pod db-0 leads",
    regarding: {
      apiVersion: "app.anukkrit.me/v1",
      kind: "StatefulSetLock",
      namespace: "default",
      name: "db-lock",
      uid: "uid-1",
    },
  });
});

test("milliseconds become six decimals", () => {
  expect(body({}, {}, NOW + 42).eventTime).toBe("2026-01-01T00:00:00.042000Z");
});

test("two instances that report one fact at two times give it one name", () => {
  expect(body({}, {}, NOW + 60_000, "two").metadata.name).toBe(body().metadata.name);
});

test("reports of one identity are one Event, however they are worded", () => {
  const names = ["pod db-0 leads", "pod db-0 was found leading"].map(
    (note) => body({ note, identity: "7" }).metadata.name,
  );
  expect(names[0]).toBe(names[1]);
});

test.each<[string, Partial<Notice>, Partial<Regarding>]>([
  ["reason", { reason: "Other" }, {}],
  ["note", { note: "other" }, {}],
  ["type", { type: "Warning" }, {}],
  ["identity", { identity: "8" }, {}],
  ["uid", {}, { uid: "uid-2" }],
])("another %s is another Event", (_field, notice, regarding) => {
  expect(body(notice, regarding).metadata.name).not.toBe(body().metadata.name);
});

test("a note is cut to the 1024 characters that the API server takes", () => {
  expect(body({ note: "x".repeat(2000) }).note).toHaveLength(1024);
});

test("the name of an Event for an object with the longest name stays within 253 characters", () => {
  expect(body({}, { name: "x".repeat(253) }).metadata.name.length).toBeLessThanOrEqual(253);
});

test.each(["-", "."])("a long name cut behind %j still gives a valid Event name", (separator) => {
  const name = `${"x".repeat(199)}${separator}${"y".repeat(20)}`;
  expect(body({}, { name }).metadata.name).toMatch(SUBDOMAIN);
});

test("a note is cut to 1024 bytes when it has wide characters", () => {
  expect(Buffer.byteLength(body({ note: "é".repeat(1000) }).note)).toBeLessThanOrEqual(1024);
});
