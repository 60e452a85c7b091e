/** The text format to the byte, and the bound on label values. */
import { describe, expect, test } from "vitest";
import { METRICS } from "../../../functions/kit/host/metric-list.ts";
import { createMetrics } from "../../../functions/kit/host/metrics.ts";
import type { Counter, Gauge, Histogram } from "../../../functions/kit/host/metrics.ts";

const calls: Counter = { type: "counter", name: "calls_total", help: "Calls.", labels: ["verb", "status"] };
const waiting: Gauge = { type: "gauge", name: "waiting", help: "Back\\slash and\nline.", labels: [] };
const seconds: Histogram = { type: "histogram", name: "seconds", help: "Time.", labels: ["verb"], buckets: [0.1, 1] };

describe("createMetrics", () => {
  test("a counter is shown for each combination of label values", () => {
    const metrics = createMetrics([calls]);
    metrics.count(calls, { verb: "get", status: "200" });
    metrics.count(calls, { status: "200", verb: "get" }, 2);
    metrics.count(calls, { verb: "patch", status: "409" });
    expect(metrics.render()).toBe(
      [
        "# HELP calls_total Calls.",
        "# TYPE calls_total counter",
        'calls_total{verb="get",status="200"} 3',
        'calls_total{verb="patch",status="409"} 1',
        "",
      ].join("\n"),
    );
  });

  test("a metric without labels is there before its first use, and its help is escaped", () => {
    const metrics = createMetrics([waiting]);
    const head = "# HELP waiting Back\\\\slash and\\nline.\n# TYPE waiting gauge\n";
    expect(metrics.render()).toBe(`${head}waiting 0\n`);
    metrics.set(waiting, {}, 1.5);
    expect(metrics.render()).toBe(`${head}waiting 1.5\n`);
  });

  test("a histogram counts cumulatively, bounds included", () => {
    const metrics = createMetrics([seconds]);
    for (const value of [0.1, 0.5, 3]) metrics.observe(seconds, { verb: "get" }, value);
    expect(metrics.render()).toBe(
      [
        "# HELP seconds Time.",
        "# TYPE seconds histogram",
        'seconds_bucket{verb="get",le="0.1"} 1',
        'seconds_bucket{verb="get",le="1"} 2',
        'seconds_bucket{verb="get",le="+Inf"} 3',
        'seconds_sum{verb="get"} 3.6',
        'seconds_count{verb="get"} 3',
        "",
      ].join("\n"),
    );
  });

  test("label values are escaped", () => {
    const metrics = createMetrics([calls]);
    metrics.count(calls, { verb: 'a"b\\c\nd', status: "" });
    expect(metrics.render()).toContain(String.raw`calls_total{verb="a\"b\\c\nd",status=""} 1`);
  });

  test("beyond 10 000 combinations all further ones are counted together", () => {
    const metrics = createMetrics([calls]);
    for (let index = 0; index < 10_100; index += 1) metrics.count(calls, { verb: `v${index}`, status: "200" });
    metrics.count(calls, { verb: "v0", status: "200" });
    const text = metrics.render();
    expect(text).toContain('calls_total{verb="v0",status="200"} 2');
    expect(text).toContain('calls_total{verb="other",status="other"} 100');
    expect(text.split("\n").filter((line) => line.startsWith("calls_total{"))).toHaveLength(10_001);
  });

  test("a metric that would never be shown is refused", () => {
    expect(() => createMetrics([calls]).set(waiting, {}, 1)).toThrow(
      "waiting is not among the metrics of this registry",
    );
  });
});

describe("METRICS", () => {
  test("names are unique and follow Prometheus' conventions", () => {
    const names = METRICS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type } of METRICS) {
      expect(name).toMatch(type === "counter" ? /^bellwether_[a-z_]+_total$/ : /^bellwether_[a-z_]+(?<!_total)$/);
    }
  });
});
