/** What the command says of a recording that does not go to its end: the verdict over what there is, then the reason, then exit code 2. */
import { execFile } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { startRecording } from "../../../infra/observe/recording.ts";
import type { Scope } from "../../../infra/observe/scope.ts";

const CLI = join(import.meta.dirname, "../../../infra/observe/cli.ts");
const SCOPE: Scope = { label: "role=primary", groupBy: "selector", namespace: "data" };
const TEST_MS = 30_000;

const leader = (name: string, resourceVersion: string): Revision => ({
  type: "ADDED",
  resourceVersion,
  observedAt: Number(resourceVersion) * 1000,
  object: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "data", uid: name, resourceVersion, labels: { role: "primary" } },
  },
});

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-observe-"));
  file = join(folder, "r.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

const replay = (): Promise<{ readonly code: unknown; readonly out: string; readonly err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [CLI, "--replay", file], (error, out, err) => {
      resolve({ code: error === null ? 0 : error.code, out, err });
    });
  });

/** Two leaders. */
const recordDoubling = (failure?: string): void => {
  const recorder = startRecording(file, SCOPE);
  recorder.revision(leader("db-0", "1"));
  recorder.revision(leader("db-1", "2"));
  recorder.end(failure);
};

test("a recording that goes to its end is judged by what is in it", { timeout: TEST_MS }, async () => {
  recordDoubling();
  expect(await replay()).toMatchObject({ code: 1, out: expect.stringContaining("S1 violated"), err: "" });
});

test("versions that went back: the verdict is told, then the reason", { timeout: TEST_MS }, async () => {
  recordDoubling("pods: resourceVersion went back from 9 to 3");
  const { code, out, err } = await replay();
  expect(code).toBe(2);
  expect(out).toContain("S1 violated");
  expect(err).toContain("pods: resourceVersion went back from 9 to 3\nWhat was seen before was judged");
});

test("a damaged line: the verdict is told, then its number", { timeout: TEST_MS }, async () => {
  recordDoubling();
  appendFileSync(file, "{broken\n");
  const { code, out, err } = await replay();
  expect(code).toBe(2);
  expect(out).toContain("S1 violated");
  expect(err).toContain("line 5 is no part of a recording: {broken");
});
