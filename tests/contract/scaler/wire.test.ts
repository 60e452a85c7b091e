/** The bytes that KEDA sends and reads: numbers and types of the fields, and the names of the methods, are KEDA's and must not change. */
import { expect, test } from "vitest";
import {
  ExternalScalerService,
  GetMetricsRequest,
  GetMetricsResponse,
  GetMetricSpecResponse,
  IsActiveResponse,
  ScaledObjectRef,
} from "../../../proto/gen/externalscaler/externalscaler.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const text = (value: string): string => Buffer.from(value).toString("hex");
/** A field with a length: number, then content. */
const field = (number: number, content: string): string =>
  Buffer.from([(number << 3) | 2, content.length / 2]).toString("hex") + content;
/** 1, as a double. */
const ONE = "000000000000f03f";

test("the methods are those that KEDA calls", () => {
  expect(Object.values(ExternalScalerService).map(({ path, responseStream }) => [path, responseStream])).toEqual([
    ["/externalscaler.ExternalScaler/IsActive", false],
    ["/externalscaler.ExternalScaler/StreamIsActive", true],
    ["/externalscaler.ExternalScaler/GetMetricSpec", false],
    ["/externalscaler.ExternalScaler/GetMetrics", false],
    ["/externalscaler.ExternalScaler/StreamMetricSpec", true],
  ]);
});

test("a ScaledObject's name is 1, its namespace 2, its metadata 3", () => {
  const ref = { name: "a", namespace: "b", scalerMetadata: { c: "d" } };
  const entry = field(1, text("c")) + field(2, text("d"));
  const bytes = field(1, text("a")) + field(2, text("b")) + field(3, entry);
  expect(hex(ScaledObjectRef.encode(ref).finish())).toBe(bytes);
  expect(ScaledObjectRef.decode(Buffer.from(bytes, "hex"))).toEqual(ref);
});

test("whether it is active is 1", () => {
  expect(hex(IsActiveResponse.encode({ result: true }).finish())).toBe("0801");
});

test("a metric is named by 1; its target as an integer is 2, as a double 3", () => {
  const metricSpecs = [{ metricName: "m", targetSize: 1n, targetSizeFloat: 1 }];
  expect(hex(GetMetricSpecResponse.encode({ metricSpecs }).finish())).toBe(
    field(1, `${field(1, text("m"))}100119${ONE}`),
  );
});

test("its value as an integer is 2, as a double 3; the request has the ScaledObject in 1, the metric in 2", () => {
  const metricValues = [{ metricName: "m", metricValue: 1n, metricValueFloat: 1 }];
  expect(hex(GetMetricsResponse.encode({ metricValues }).finish())).toBe(
    field(1, `${field(1, text("m"))}100119${ONE}`),
  );
  const request = field(1, field(1, text("a"))) + field(2, text("m"));
  expect(GetMetricsRequest.decode(Buffer.from(request, "hex"))).toEqual({
    scaledObjectRef: { name: "a", namespace: "", scalerMetadata: {} },
    metricName: "m",
  });
});
