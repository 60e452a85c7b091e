/** Where the lab's binaries may come from, and what is said when one may not be used. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findBinary } from "../../../infra/lab/binaries.ts";
import { PARTS, pinnedVersion, type PartName } from "../../../infra/lab/versions.ts";
import { fetchRelease } from "../../../infra/lab/release.ts";

let folder: string;
let said: string[];
const log = (line: string): void => void said.push(line);
const unreachable = (): Promise<never> => Promise.reject(new TypeError("fetch failed"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-binaries-"));
  said = [];
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  vi.stubEnv("KUBEBUILDER_ASSETS", "");
  vi.stubEnv("BELLWETHER_LAB_KUBERNETES", "");
  vi.stubEnv("PATH", folder);
  vi.stubGlobal("fetch", unreachable);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

interface Fake {
  readonly bin: string;
  readonly file: string;
}

/** A program in a folder of its own that prints one line. */
const fakeBinary = (place: string, name: PartName, line = ""): Fake => {
  const bin = join(folder, place);
  mkdirSync(bin, { recursive: true });
  const file = join(bin, name);
  writeFileSync(file, `#!/bin/sh\necho "${line}"\n`);
  chmodSync(file, 0o755);
  return { bin, file };
};

const fakeEtcd = (version: string): Fake => fakeBinary(version, "etcd", `etcd Version: ${version}`);

const pinned = pinnedVersion("etcd").slice(1);

it("KUBEBUILDER_ASSETS is taken in any version, and the version is said", async () => {
  const { bin, file } = fakeEtcd("3.1.4");
  vi.stubEnv("KUBEBUILDER_ASSETS", bin);
  expect(await findBinary("etcd", { log })).toBe(file);
  expect(said).toEqual([`etcd v3.1.4 from KUBEBUILDER_ASSETS (pinned: v${pinned})`]);
});

it("PATH is taken when the binary reports the wanted version", async () => {
  const { bin, file } = fakeEtcd(pinned);
  vi.stubEnv("PATH", [folder, bin].join(delimiter));
  expect(await findBinary("etcd", { log })).toBe(file);
});

it("a binary in PATH of another version is skipped, and without Go the message says what to install", async () => {
  const { bin, file } = fakeEtcd("3.1.4");
  vi.stubEnv("PATH", [folder, bin].join(delimiter));
  await expect(findBinary("etcd", { log })).rejects.toThrow(/install Go 1\.26 or newer/);
  expect(said[0]).toBe(`${file} is skipped: it reports v3.1.4, wanted is v${pinned}`);
});

const oldest = pinnedVersion("kubernetes-oldest");

it.each(["kube-apiserver", "kube-controller-manager"] as const)(
  "BELLWETHER_LAB_KUBERNETES chooses the oldest release that is supported, for %s",
  async (name) => {
    vi.stubEnv("BELLWETHER_LAB_KUBERNETES", "1.33");
    const { file } = fakeBinary(join("cache/bellwether/lab", `kubernetes-${oldest}`), name);
    expect(await findBinary(name, { log })).toBe(file);
  },
);

it("kubectl stays the newest one", async () => {
  vi.stubEnv("BELLWETHER_LAB_KUBERNETES", "1.33");
  const { file } = fakeBinary(join("cache/bellwether/lab", `kubernetes-${pinnedVersion("kubernetes")}`), "kubectl");
  expect(await findBinary("kubectl", { log })).toBe(file);
});

it("a Kubernetes that is not pinned is refused with those that are", async () => {
  vi.stubEnv("BELLWETHER_LAB_KUBERNETES", "v1.35.2");
  const found = findBinary("kube-apiserver", { log });
  await expect(found).rejects.toThrow('BELLWETHER_LAB_KUBERNETES is "v1.35.2"; it must be 1.33 or 1.36');
});

/** Answers for a release whose published checksum is `checksum`. */
const serveRelease = (content: string, checksum: string): void => {
  vi.stubGlobal("fetch", (url: string) => Promise.resolve(new Response(url.endsWith(".sha256") ? checksum : content)));
};

it.runIf(process.platform === "linux")("a release is stored as an executable when its checksum agrees", async () => {
  const target = join(folder, "kube-apiserver");
  serveRelease("binary", createHash("sha256").update("binary").digest("hex"));
  expect(await fetchRelease(PARTS["kube-apiserver"], "v1.2.3", target, log)).toBe(true);
  expect([readFileSync(target, "utf8"), statSync(target).mode & 0o777]).toEqual(["binary", 0o755]);
});

it.runIf(process.platform === "linux")("a release with another checksum is refused and not stored", async () => {
  const target = join(folder, "kube-apiserver");
  serveRelease("tampered", "0".repeat(64));
  const fetched = fetchRelease(PARTS["kube-apiserver"], "v1.2.3", target, log);
  await expect(fetched).rejects.toThrow(/has SHA-256 .* its release publishes 0{64}/);
  expect(statSync(target, { throwIfNoEntry: false })).toBeUndefined();
});
