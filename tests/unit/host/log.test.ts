/** The shape of log lines, and that nothing that is logged can do harm. */
import { describe, expect, test } from "vitest";
import { createLog } from "../../../functions/kit/host/log.ts";
import type { Level, Log } from "../../../functions/kit/host/log.ts";

const create = (level: Level = "debug"): { log: Log; lines: string[] } => {
  const lines: string[] = [];
  const log = createLog({ level, write: (line) => void lines.push(line), now: () => new Date(0) });
  return { log, lines };
};

describe("createLog", () => {
  test("a line is one JSON object with time, level and message first", () => {
    const { log, lines } = create();
    log.info("listening", { port: 8080 });
    expect(lines).toEqual(['{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"listening","port":8080}\n']);
  });

  test("lines below the level are dropped", () => {
    const { log, lines } = create("warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => /"level":"(\w+)"/.exec(line)?.[1])).toEqual(["warn", "error"]);
  });

  test("a line break in a value does not break the line", () => {
    const { log, lines } = create();
    log.info("a", { text: "x\ny" });
    expect(lines[0]?.trimEnd()).not.toContain("\n");
  });

  test("fields cannot replace time, level and message", () => {
    const { log, lines } = create();
    log.error("real", { message: "forged", level: "debug", time: "never" });
    expect(lines[0]).toBe('{"time":"1970-01-01T00:00:00.000Z","level":"error","message":"real"}\n');
  });

  test("an error shows its message, stack and cause", () => {
    const { log, lines } = create();
    log.error("failed", { error: new Error("outer", { cause: new Error("inner") }) });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ error: { message: "outer", cause: { message: "inner" } } });
    expect(lines[0]).toContain("log.test.ts");
  });

  test("what JSON cannot express is logged as well as it can be", () => {
    const { log, lines } = create();
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    log.info("a", { big: 1n });
    log.info("b", { circular });
    expect(lines[0]).toContain('"big":"1"');
    expect(lines[1]).toMatch(/"message":"b","unloggable":"TypeError/);
  });

  test("an output that fails does not reach the caller", () => {
    const log = createLog({
      level: "info",
      write: () => {
        throw new Error("EPIPE");
      },
    });
    expect(() => log.info("a")).not.toThrow();
  });
});
