/** Words for failures that no test application can bring about, and that they do not change between passes. */
import { describe, expect, test } from "vitest";
import { explain, explainUnusable, type Failure } from "../../../functions/roles/ask/why.ts";

const failure = (status: string, details: string): Failure => ({ status, details, deadlineMs: 1000, secure: true });

const unconnected = (error: string): Failure =>
  failure("UNAVAILABLE", `No connection established. Last error: ${error}. Resolution note: `);

describe("a connection that cannot be made", () => {
  test.each([
    ["Error: connect EHOSTUNREACH 10.0.0.9:8000", "its address cannot be reached"],
    ["Error: connect ENETUNREACH fd00::9:8000", "its address cannot be reached"],
    ["Error: connect ETIMEDOUT 10.0.0.9:8000", "its address does not respond"],
    ["Error: certificate has expired", "its certificate has expired"],
    ["Error: certificate is not yet valid", "its certificate is not valid yet"],
    ["Error: self-signed certificate in certificate chain", "its certificate is not signed by the given CA"],
    ["Error: unable to get local issuer certificate", "its certificate is not signed by the given CA"],
    [
      "80:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../rec_layer_s3.c:918:SSL alert number 48\n",
      "it refuses the TLS handshake: unknown ca",
    ],
    ["80:error:0A0000B9:SSL routines::no cipher match", "the TLS handshake failed"],
    ["Failed to connect (2026-11-21T14:43:59.050Z)", "it closes connections; it may refuse the client certificate"],
  ])("%s: %s", (error, why) => {
    expect(explain(unconnected(error))).toBe(why);
  });

  test("over plain text may be expected to be made over TLS", () => {
    expect(explain({ ...unconnected("Failed to connect"), secure: false })).toBe(
      "it closes connections; it may expect TLS",
    );
  });
});

describe("a status that the application sent", () => {
  test.each(["UNAVAILABLE", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "DATA_LOSS"])(
    "%s is named, its text is not shown",
    (status) => {
      expect(explain(failure(status, "attempt 17 at 14:43:59"))).toBe(`it answered with the gRPC status ${status}`);
    },
  );
});

test("a deadline says whether there was a connection", () => {
  expect(explain(failure("DEADLINE_EXCEEDED", "Deadline exceeded after 1.0s,remote_addr=10.0.0.1:8000"))).toBe(
    "no answer within 1000 ms",
  );
  expect(explain(failure("DEADLINE_EXCEEDED", "Deadline exceeded after 1.0s,Waiting for LB pick"))).toBe(
    "no connection within 1000 ms",
  );
});

test("certificates that cannot be used are explained with the error of the library", () => {
  expect(explainUnusable(new Error("key values mismatch"))).toBe(
    "the CA, client certificate or key cannot be used: key values mismatch",
  );
});
