/** What the command accepts, and what it prints. */
import { execFile } from "node:child_process";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Reported } from "../../../infra/doctor/finding.ts";
import { readCommand, USAGE } from "../../../infra/doctor/options.ts";
import { reportJson, reportText } from "../../../infra/doctor/report.ts";

const CLI = path.resolve(import.meta.dirname, "../../../infra/doctor/cli.ts");
const COMMAND_MS = 30_000;

const finding = (severity: Reported["severity"]): Reported => ({
  check: "sources",
  severity,
  object: "PingSource bellwether/tick",
  field: "spec.sink",
  got: "nothing",
  accepted: "something",
  remedy: "kubectl apply",
});

describe("options", () => {
  test("have defaults", () => {
    expect(readCommand([])).toEqual({
      kind: "examine",
      kubeconfig: undefined,
      context: undefined,
      namespace: "bellwether",
      output: "text",
    });
  });

  test("name the field that is wrong, what it got and what it accepts", () => {
    expect(() => readCommand(["--output", "yaml"])).toThrow('--output: got "yaml", accepted is text or json');
    expect(() => readCommand(["--namespace", "A"])).toThrow(
      '--namespace: got "A", accepted is the name of a namespace',
    );
    expect(() => readCommand(["--fix"])).toThrow("--fix");
  });
});

describe("report", () => {
  test("has the worst first, a remedy for each, and says what follows", () => {
    expect(reportText([finding("ok"), finding("warning"), finding("error")])).toBe(
      [
        "error    sources: PingSource bellwether/tick",
        "         spec.sink: nothing",
        "         accepted: something",
        "         remedy: kubectl apply",
        "warning  sources: PingSource bellwether/tick",
        "         spec.sink: nothing",
        "         accepted: something",
        "         remedy: kubectl apply",
        "ok       sources: nothing",
        "",
        "A fail-over would not work now.",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [["ok", "warning"] as const, true, "A fail-over would work now."],
    [["ok", "unknown"] as const, null, "Nobody can say whether a fail-over would work now."],
    [["unknown", "error"] as const, false, "A fail-over would not work now."],
  ])("%s: works is %s", (severities, works, said) => {
    const findings = severities.map(finding);
    expect(JSON.parse(reportJson(findings))).toEqual({ works, findings });
    expect(reportText(findings)).toContain(said);
  });
});

const run = (
  ...args: readonly string[]
): Promise<{ readonly code: unknown; readonly out: string; readonly err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : error.code, out, err });
    });
  });

describe("the command", () => {
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "bellwether-doctor-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const kubeconfig = (): string => {
    const file = path.join(folder, "kubeconfig.json");
    const config = {
      clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:9" } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      "current-context": "here",
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  };

  test("explains itself", { timeout: COMMAND_MS }, async () => {
    expect(await run("--help")).toEqual({ code: 0, out: USAGE, err: "" });
  });

  test("says 2 of a cluster that does not answer", { timeout: COMMAND_MS }, async () => {
    const { code, out, err } = await run("--kubeconfig", kubeconfig());
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain("ECONNREFUSED");
  });

  test("says 2 of a context that is not there, and which ones are", { timeout: COMMAND_MS }, async () => {
    const { code, err } = await run("--kubeconfig", kubeconfig(), "--context", "there");
    expect(code).toBe(2);
    expect(err).toContain('--context: got "there", accepted is one of here');
  });
});
