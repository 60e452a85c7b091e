/** What `down` needs to know is never half written. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readNodeRecord, writeNodeRecord, type NodeRecord } from "../../../infra/lab/node/record.ts";
import { choosePorts } from "../../../infra/lab/node/site.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "bellwether-test-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("a record that is written anew is whole for whoever reads it meanwhile", async () => {
  const first: NodeRecord = { startedAt: "now", ports: await choosePorts(), settings: {}, isReady: false };
  writeNodeRecord(folder, first);
  const reader = openSync(join(folder, "node.json"), "r");
  writeNodeRecord(folder, { ...first, isReady: true });
  expect(JSON.parse(readFileSync(reader, "utf8"))).toEqual(first);
  closeSync(reader);
  expect(readNodeRecord(folder)).toEqual({ ...first, isReady: true });
});
