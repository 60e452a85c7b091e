/** The life of the process: what ends it, with which code, and what is finished before. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";

const main = path.join(import.meta.dirname, "stub-main.ts");

interface Child {
  readonly lines: readonly string[];
  /** Resolves with the first line that contains the text. */
  line(text: string): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  readonly exit: Promise<number | null>;
}

const exitOf = async (child: ChildProcess): Promise<number | null> => {
  await once(child, "exit");
  return child.exitCode;
};

const start = (mode: string, environment: Readonly<Record<string, string>> = {}): Child => {
  const settings = { PORT: "0", BELLWETHER_API_SERVER: "http://127.0.0.1:1", ...environment };
  const child = spawn(process.execPath, [main, mode], { env: settings, stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const output = createInterface(child.stdout);
  output.on("line", (line) => lines.push(line));
  return {
    lines,
    line: async (text) => {
      for (;;) {
        const found = lines.find((line) => line.includes(text));
        if (found !== undefined) return found;
        // oxlint-disable-next-line no-await-in-loop -- each turn waits for one more line
        await once(output, "line");
      }
    },
    kill: (signal) => void child.kill(signal),
    exit: exitOf(child),
  };
};

const post = async (child: Child): Promise<Response> => {
  const port = /"port":(\d+)/.exec(await child.line('"listening"'))?.[1];
  return fetch(`http://127.0.0.1:${port}`, { method: "POST", body: "{}" });
};

describe("the process", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s answers what it has accepted, shuts down and exits with 0",
    async (signal) => {
      const child = start("work");
      const reply = post(child);
      await child.line("handling");
      child.kill(signal);
      expect((await reply).status).toBe(204);
      expect(await child.exit).toBe(0);
      expect(child.lines.at(-1)).toBe("shutdown");
    },
  );

  test.each(["throw", "reject"])("on a bug elsewhere (%s) does the same, logs it and exits with 1", async (mode) => {
    const child = start(mode);
    expect((await post(child)).status).toBe(204);
    expect(await child.exit).toBe(1);
    expect(child.lines.join("\n")).toMatch(/"uncaught error".*a bug/);
    expect(child.lines.at(-1)).toBe("shutdown");
  });

  test("with a bad configuration says what is wrong and exits with 1", async () => {
    const child = start("work", { PORT: "http", LOG_LEVEL: "loud" });
    expect(await child.exit).toBe(1);
    expect(child.lines.join("\n")).toMatch(/"the start failed".*PORT is .*http.*LOG_LEVEL is .*loud/);
  });
});
