/** Where no node is possible nothing is built for one: it is said at once what is missing, and whoever runs the tests of a node goes on to skip them. */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LAB_PARTS, PLATFORM_PARTS } from "../../../infra/lab/versions.ts";

const CLI = join(import.meta.dirname, "../../../infra/lab/cli.ts");
const GIVEN = [...Object.values(LAB_PARTS), ...Object.values(PLATFORM_PARTS)].map(({ name }) => name);
const SENTENCE = /nothing is built for a node, which cannot be here:\n- (?:a node|programs are missing|PATH)/;

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "bellwether-test-"))));
afterEach(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: unknown;
  readonly printed: string;
  readonly said: string;
}

/** Where PATH leads nowhere, not even to Go, and the binaries of the lab and the platform are given: any other would have to be built. */
const build = (...flags: readonly string[]): Promise<Ended> => {
  const assets = join(folder, "assets");
  mkdirSync(assets);
  for (const name of GIVEN) {
    writeFileSync(join(assets, name), "#!/bin/sh\necho v1.2.3\n");
    chmodSync(join(assets, name), 0o755);
  }
  const places = { XDG_CACHE_HOME: join(folder, "cache"), XDG_STATE_HOME: join(folder, "state") };
  const env = { KUBEBUILDER_ASSETS: assets, PATH: join(folder, "bin"), HOME: folder, ...places };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, "build", ...flags], { env }, (error, printed, said) =>
      resolve({ code: error?.code ?? 0, printed, said }),
    );
  });
};

test("what a node alone needs is not built, nor is anything else, and that is no failure", async () => {
  const { code, printed, said } = await build("--node");
  expect(said).toMatch(SENTENCE);
  expect(printed).toBe("");
  expect(code).toBe(0);
  expect(existsSync(join(folder, "cache"))).toBe(false);
});

test("the platform is built where it is asked for, too", async () => {
  const { code, printed, said } = await build("--platform", "--node");
  expect(said).toMatch(SENTENCE);
  expect(printed.split("\n").map((line) => line.split(" ")[0])).toEqual([...GIVEN, ""]);
  // Its manifests come with Go.
  expect(said).toContain("the manifests of knative.dev/eventing come with its Go module and there is no Go");
  expect(code).toBe(1);
});
