/** Wrong input is named: the scaler's environment, and what a ScaledObject says to it. */
import { expect, test } from "vitest";
import { readScalerConfig } from "../../../infra/keda/scaler/config.ts";
import { problemOf } from "../../../infra/keda/scaler/metadata.ts";

const GIVEN = { BELLWETHER_API_SERVER: "http://127.0.0.1:1", BELLWETHER_FUNCTION_URL: "http://bellwether/" };

test("the function's address is all that has to be said", () => {
  const { functionUrl, scalerPort } = readScalerConfig(GIVEN);
  expect([functionUrl.href, scalerPort]).toEqual(["http://bellwether/", 9090]);
  expect(readScalerConfig({ ...GIVEN, BELLWETHER_SCALER_PORT: "0" }).scalerPort).toBe(0);
});

test.each([
  [{ BELLWETHER_FUNCTION_URL: "" }, "BELLWETHER_FUNCTION_URL is not set; accepted: an http or https URL"],
  [{ BELLWETHER_FUNCTION_URL: "bellwether:80" }, 'BELLWETHER_FUNCTION_URL is "bellwether:80"; accepted: an http'],
  [{ BELLWETHER_SCALER_PORT: "65536" }, 'BELLWETHER_SCALER_PORT is "65536"; accepted: a whole number from 0 to 65535'],
  [{ BELLWETHER_SCALER_PORT: "grpc" }, 'BELLWETHER_SCALER_PORT is "grpc"'],
  [{ BELLWETHER_TICK_SECONDS: "0" }, "BELLWETHER_TICK_SECONDS"],
])("refuses %j", (wrong, message) => {
  expect(() => readScalerConfig({ ...GIVEN, ...wrong })).toThrow(message);
});

test("a trigger says where the scaler is, and how KEDA connects", () => {
  expect(problemOf({ scalerAddress: "bellwether-scaler.bellwether.svc:9090", enableTLS: "false" })).toBeUndefined();
  expect(problemOf({})).toBeUndefined();
});

test("a trigger that asks for anything else is told what there is", () => {
  expect(problemOf({ scalerAddress: "x:9090", podSelector: "app=db", threshold: "5" })).toBe(
    'triggers.metadata.podSelector: got "app=db"; triggers.metadata.threshold: got "5"; ' +
      "accepts only scalerAddress, enableTLS, unsafeSsl: what counts as work is the function's configuration",
  );
});
