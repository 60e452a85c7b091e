/** Every row of the table from answers to classes, with bodies as kube-apiserver 1.36 sends them. */
import { describe, expect, test } from "vitest";
import { classify, describe as describeResponse, retryAfterMs } from "../../../functions/kit/kube/status-class.ts";

const status = (reason: string, details?: object): object => ({ kind: "Status", status: "Failure", reason, details });

const uidIsImmutable = {
  causes: [{ reason: "FieldValueInvalid", message: "field is immutable", field: "metadata.uid" }],
};
const otherField = {
  causes: [{ reason: "FieldValueInvalid", message: "must be positive", field: "spec.leaseDurationSeconds" }],
};
const namespaceGoes = { causes: [{ reason: "NamespaceTerminating", field: "metadata.namespace" }] };

describe("classify", () => {
  test.each([
    ["a success", 200, {}, "ok"],
    ["a creation", 201, {}, "ok"],
    ["a missing object", 404, status("NotFound"), "gone"],
    ["a route that does not exist", 404, "404 page not found", "gone"],
    ["an expired snapshot", 410, status("Expired"), "gone"],
    ["a stale resourceVersion", 409, status("Conflict"), "stale"],
    ["another uid", 422, status("Invalid", uidIsImmutable), "stale"],
    ["a name that is taken", 409, status("AlreadyExists"), "exists"],
    ["a token that is refused", 401, status("Unauthorized"), "wait"],
    ["no permission", 403, status("Forbidden"), "denied"],
    ["a namespace that is being deleted", 403, status("Forbidden", namespaceGoes), "terminating"],
    ["a malformed request", 400, status("BadRequest"), "invalid"],
    ["an unknown patch type", 415, status("UnsupportedMediaType"), "invalid"],
    ["an invalid field", 422, status("Invalid", otherField), "invalid"],
    ["a failed JSON patch test", 422, status("Invalid"), "invalid"],
    ["no answer", 0, status("NoAnswer"), "wait"],
    ["too many requests", 429, status("TooManyRequests"), "wait"],
    ["an internal error", 500, status("InternalError"), "wait"],
    ["an unavailable server", 503, undefined, "wait"],
    ["a redirect, which only a proxy in between sends", 302, undefined, "wait"],
  ])("%s (%i) is %4$s", (_what, code, body, expected) => {
    expect(classify({ status: code, body })).toBe(expected);
  });
});

describe("retryAfterMs", () => {
  test("takes the seconds that the server asks for", () => {
    expect(retryAfterMs({ status: 429, body: status("TooManyRequests", { retryAfterSeconds: 2 }) })).toBe(2000);
  });

  test.each([[undefined], [{}], [{ retryAfterSeconds: "2" }], [{ retryAfterSeconds: -1 }]])(
    "is undefined for %j",
    (details) => {
      expect(retryAfterMs({ status: 429, body: status("TooManyRequests", details) })).toBeUndefined();
    },
  );
});

describe("the line that describes an answer", () => {
  test("names status, reason and message", () => {
    const body = { ...status("Conflict"), message: "the object has been modified" };
    expect(describeResponse({ status: 409, body })).toBe("409 Conflict: the object has been modified");
  });

  test("makes do with the status", () => {
    expect(describeResponse({ status: 503, body: undefined })).toBe("503");
  });
});
