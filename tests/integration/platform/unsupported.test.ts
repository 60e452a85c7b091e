/** A machine that cannot run the tests on the platform says so before the first of them: what is missing, and where it comes from. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LAB_PARTS, PARTS, type PartName } from "../../../infra/lab/versions.ts";

const CLI = join(import.meta.dirname, "../../../infra/lab/cli.ts");
const SHELL = "/bin/sh";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-unsupported-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const folderIn = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};

/** Resolves to how `npm run lab -- build --platform` ends where these binaries are given and there is nothing else, not even Go. */
const build = (given: readonly PartName[]): Promise<{ readonly code: unknown; readonly said: string }> => {
  const [assets, bin] = [folderIn("assets"), folderIn("bin")];
  symlinkSync(SHELL, join(bin, "sh"));
  for (const name of given) {
    writeFileSync(join(assets, name), `#!${SHELL}\necho v1.2.3\n`);
    chmodSync(join(assets, name), 0o755);
  }
  const env = { ...process.env, KUBEBUILDER_ASSETS: assets, PATH: bin, XDG_CACHE_HOME: folderIn("cache") };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, "build", "--platform"], { env }, (error, _, said) =>
      resolve({ code: error?.code, said }),
    );
  });
};

test("without Go: which binary is missing, and what to install", async () => {
  // kubectl is given, because its project publishes it.
  const { code, said } = await build([...Object.values(LAB_PARTS).map(({ name }) => name), "kubectl"]);
  expect(code).toBe(1);
  expect(said).toMatch(
    /eventing-controller must be built and there is no Go: install Go 1\.26 or newer .*KUBEBUILDER_ASSETS/,
  );
});

test("without Go, but with all binaries: that manifests are missing, and what to install", async () => {
  const { code, said } = await build(Object.values(PARTS).map(({ name }) => name));
  expect(code).toBe(1);
  expect(said).toMatch(/the manifests of knative\.dev\/eventing come .* there is no Go: install Go 1\.26 or newer/);
});
