/** What `down` needs to know is never half written, and goes last. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  type PathLike,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { readNodeRecord, removeNodeFolder, writeNodeRecord, type NodeRecord } from "../../../infra/lab/node/record.ts";
import { choosePorts } from "../../../infra/lab/node/site.ts";

/** Called before anything is removed. */
const beforeRemoval = vi.hoisted(() => ({ call: (_path: PathLike): void => undefined }));

vi.mock(import("node:fs"), async (original) => {
  const fs = await original();
  const removing: typeof fs.rmSync = (path, options) => {
    beforeRemoval.call(path);
    fs.rmSync(path, options);
  };
  return { ...fs, rmSync: removing };
});

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "bellwether-test-"))));
afterEach(() => {
  beforeRemoval.call = () => undefined;
  rmSync(folder, { recursive: true });
});

const aRecord = async (): Promise<NodeRecord> => ({
  startedAt: "now",
  bootId: "this",
  ports: await choosePorts(),
  settings: {},
  isReady: false,
});

test("a record that is written anew is whole for whoever reads it meanwhile", async () => {
  const first = await aRecord();
  writeNodeRecord(folder, first);
  const reader = openSync(join(folder, "node.json"), "r");
  writeNodeRecord(folder, { ...first, isReady: true });
  expect(JSON.parse(readFileSync(reader, "utf8"))).toEqual(first);
  closeSync(reader);
  expect(readNodeRecord(folder)).toEqual({ ...first, isReady: true });
});

test("the record of a node of which the removal was cut short is still there, and the next removal removes it all", async () => {
  const site = join(folder, "node");
  const record = await aRecord();
  writeNodeRecord(site, record);
  for (const name of ["a", "z"]) {
    mkdirSync(join(site, name));
    writeFileSync(join(site, name, "file"), "");
  }
  beforeRemoval.call = (path) => {
    if (path === join(site, "z")) throw new Error("cut short");
  };
  expect(() => removeNodeFolder(site)).toThrow("cut short");
  expect(existsSync(join(site, "z", "file"))).toBe(true);
  expect(readNodeRecord(site)).toEqual(record);
  beforeRemoval.call = () => undefined;
  removeNodeFolder(site);
  expect(existsSync(site)).toBe(false);
});
