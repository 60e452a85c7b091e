/** What `infra/tools/lockfile.ts` adds to a lock that a registry without all platform packages gave. */
import { expect, test } from "vitest";
import {
  completed,
  missingEntries,
  platformOf,
  resolvedFolders,
  type LockPackages,
} from "../../../infra/tools/lockfile.ts";
import { textOf } from "./files.ts";

const REAL = (JSON.parse(textOf("package-lock.json")) as { readonly packages: LockPackages }).packages;

const LOCK: LockPackages = {
  "": {},
  "node_modules/tool": {
    version: "1.2.3",
    dev: true,
    optionalDependencies: { "@tool/linux-x64-gnu": "1.2.3", "@tool/darwin-arm64": "1.2.3" },
  },
  "node_modules/@tool/linux-x64-gnu": { version: "1.2.3", dev: true, optional: true },
};

test.each([
  ["@oxlint/binding-linux-x64-gnu", { os: ["linux"], cpu: ["x64"], libc: ["glibc"] }],
  ["@oxlint/binding-linux-x64-musl", { os: ["linux"], cpu: ["x64"], libc: ["musl"] }],
  ["@oxlint/binding-linux-arm-musleabihf", { os: ["linux"], cpu: ["arm"] }],
  ["@oxlint/binding-win32-arm64-msvc", { os: ["win32"], cpu: ["arm64"] }],
  ["@oxlint-tsgolint/darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
  ["@oxc-parser/binding-wasm32-wasi", { cpu: ["wasm32"] }],
])("the platform of %s follows from its name", (name, platform) => {
  expect(platformOf(name)).toEqual(platform);
});

test("what names say of platforms is what the registry says, wherever the lock has both", () => {
  const told = Object.entries(REAL).filter(
    ([folder, { integrity, os }]) => integrity !== undefined && os !== undefined && /binding|tsgolint/.test(folder),
  );
  const registry = told.map(([folder, { os, cpu, libc }]) => [
    folder,
    { os, cpu, ...(libc === undefined ? {} : { libc }) },
  ]);
  expect(told.length).toBeGreaterThan(5);
  expect(told.map(([folder]) => [folder, platformOf(folder)])).toEqual(registry);
});

test("a missing platform package is added with its parent's dev, without integrity", () => {
  expect(missingEntries(LOCK)).toEqual({
    "node_modules/@tool/darwin-arm64": { version: "1.2.3", dev: true, optional: true, os: ["darwin"], cpu: ["arm64"] },
  });
});

test("a completed lock lacks nothing, and is in npm's order", () => {
  const packages = completed(LOCK);
  expect(missingEntries(packages)).toEqual({});
  expect(Object.keys(packages)).toEqual([
    "",
    "node_modules/@tool/darwin-arm64",
    "node_modules/@tool/linux-x64-gnu",
    "node_modules/tool",
  ]);
});

test("a package that lies in the folder of its parent is not missing", () => {
  const nested = { ...LOCK, "node_modules/tool/node_modules/@tool/darwin-arm64": { version: "1.2.3" } };
  expect(missingEntries(nested)).toEqual({});
});

test("a range cannot be added, and the message says which package asks for it", () => {
  const range = { "node_modules/tool": { optionalDependencies: { fsevents: "~2.3.2" } } };
  expect(() => missingEntries(range)).toThrow('fsevents: version is "~2.3.2"; only an exact version can be added');
});

test("an address of a registry is found", () => {
  expect(
    resolvedFolders({ ...LOCK, "node_modules/other": { resolved: "https://registry.example.com/other.tgz" } }),
  ).toEqual(["node_modules/other"]);
});

test("the project's own lock names no registry", () => {
  expect(resolvedFolders(REAL)).toEqual([]);
});
