/** A recording survives a crash and is judged again; what is damaged in it is named, and nothing after it is believed. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Revision } from "../../../functions/kit/history/revision.ts";
import { readRecording, startRecording } from "../../../infra/observe/recording.ts";
import type { Scope } from "../../../infra/observe/scope.ts";

const SCOPE: Scope = { label: "role=leader", groupBy: "selector", selector: "app=db", namespace: "data" };
const GAP = { resource: "pods", after: "2", until: "9" };

const revision = (resourceVersion: string): Revision => ({
  type: "ADDED",
  resourceVersion,
  observedAt: 1,
  object: { apiVersion: "v1", kind: "Pod", metadata: { name: "db-0", uid: "u", resourceVersion } },
});

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-recording-"));
  file = join(folder, "r.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (): void => {
  const recorder = startRecording(file, SCOPE);
  recorder.revision(revision("1"));
  recorder.gap(GAP);
  recorder.unread("leases");
  recorder.revision(revision("10"));
  recorder.end();
};

test("what was written is read: scope, revisions, gaps, what could not be read, and that it is whole", async () => {
  record();
  expect(await readRecording(file)).toEqual({
    scope: SCOPE,
    revisions: [revision("1"), revision("10")],
    gaps: [GAP],
    unread: ["leases"],
    complete: true,
    damage: undefined,
  });
});

test("each thing is in the file when it is told, so that a crash loses nothing of it", async () => {
  startRecording(file, SCOPE).revision(revision("1"));
  expect(await readRecording(file)).toMatchObject({ revisions: [revision("1")], complete: false, damage: undefined });
});

test("a last line that a crash cut off is left out, and is no damage", async () => {
  record();
  const whole = readFileSync(file, "utf8").split("\n").slice(0, 5).join("\n");
  truncateSync(file, whole.length - 5);
  expect(await readRecording(file)).toMatchObject({
    revisions: [revision("1")],
    gaps: [GAP],
    complete: false,
    damage: undefined,
  });
});

test.each([
  ["no JSON", "{broken"],
  ["something else", '{"hello":1}'],
  ["a list", "[]"],
  ["a revision without a version", '{"type":"ADDED","observedAt":1,"object":{"metadata":{"name":"a","uid":"b"}}}'],
  ["a gap without an end", '{"gap":{"resource":"pods","after":"1"}}'],
])("a line that is %s ends the reading, and is named by its number", async (_, line) => {
  const recorder = startRecording(file, SCOPE);
  recorder.revision(revision("1"));
  appendFileSync(file, `${line}\n`);
  recorder.revision(revision("2"));
  const { revisions, damage } = await readRecording(file);
  expect(revisions).toEqual([revision("1")]);
  expect(damage).toBe(`line 3 is no part of a recording: ${line}`);
});

test("nothing comes after the end of a recording", async () => {
  record();
  appendFileSync(file, `${JSON.stringify({ gap: GAP })}\n`);
  expect((await readRecording(file)).damage).toMatch(/^line 7 /);
});

describe("refused is", () => {
  test("a file that exists already: a recording is never overwritten", () => {
    writeFileSync(file, "");
    expect(() => startRecording(file, SCOPE)).toThrow("EEXIST");
  });

  test.each(["", "hello\n", '{"bellwetherHistory":2,"scope":{"label":"a=b","groupBy":"selector"}}\n'])(
    "a file that begins with %j",
    async (text) => {
      writeFileSync(file, text);
      await expect(readRecording(file)).rejects.toThrow("line 1 is not that of a recording");
    },
  );
});
