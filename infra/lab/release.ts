/**
 * Fetches the official release binaries of etcd and Kubernetes and trusts them only after their published SHA-256 agrees.
 * https://dl.k8s.io and https://github.com/etcd-io/etcd/releases
 */
import { createHash } from "node:crypto";
import { mkdtemp, rename, rm, writeFile, chmod } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "./command.ts";
import { withProgress, type Log } from "./progress.ts";
import type { Part } from "./versions.ts";

const connectDeadlineMs = 3_000;
const downloadDeadlineMs = 900_000;

interface Release {
  readonly url: string;
  readonly checksumUrl: string;
  /** The file inside the archive; undefined when the download is the binary itself. */
  readonly member: string | undefined;
}

const releaseOf = (part: Part, version: string): Release | undefined => {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  if (process.platform !== "linux") return undefined;
  if (part.family === "kubernetes") {
    const url = `https://dl.k8s.io/release/${version}/bin/linux/${architecture}/${part.name}`;
    return { url, checksumUrl: `${url}.sha256`, member: undefined };
  }
  if (part.family === "etcd") {
    const folder = `https://github.com/etcd-io/etcd/releases/download/${version}`;
    const archive = `etcd-${version}-linux-${architecture}`;
    return {
      url: `${folder}/${archive}.tar.gz`,
      checksumUrl: `${folder}/SHA256SUMS`,
      member: `${archive}/etcd`,
    };
  }
  return undefined;
};

/** Answers undefined when the host cannot be reached or has no such file. */
const fetchChecksum = async ({ url, checksumUrl }: Release): Promise<string | undefined> => {
  try {
    const response = await fetch(checksumUrl, { signal: AbortSignal.timeout(connectDeadlineMs) });
    if (!response.ok) return undefined;
    const text = await response.text();
    const file = url.slice(url.lastIndexOf("/") + 1);
    const line = text
      .trim()
      .split("\n")
      .find((entry) => !entry.includes(" ") || entry.endsWith(` ${file}`));
    return line?.trim().split(/\s+/)[0];
  } catch {
    return undefined;
  }
};

const download = async ({ url }: Release, checksum: string): Promise<Buffer> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadDeadlineMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const content = Buffer.from(await response.arrayBuffer());
  const actual = createHash("sha256").update(content).digest("hex");
  if (actual !== checksum) throw new Error(`${url} has SHA-256 ${actual}, its release publishes ${checksum}`);
  return content;
};

/**
 * Puts the release binary at `target`, atomically. Answers false when there is none for this machine or the host cannot
 * be reached within 3 s.
 * @throws when the checksum differs or the download breaks off.
 */
export const fetchRelease = async (part: Part, version: string, target: string, log: Log): Promise<boolean> => {
  const release = releaseOf(part, version);
  if (release === undefined) return false;
  const checksum = await fetchChecksum(release);
  if (checksum === undefined) {
    log(`${part.name} ${version}: no release archive within reach (${new URL(release.url).host})`);
    return false;
  }
  const content = await withProgress(`download ${part.name} ${version}`, log, () => download(release, checksum));
  const folder = await mkdtemp(join(dirname(target), ".download-"));
  try {
    const file = join(folder, "download");
    await writeFile(file, content);
    if (release.member !== undefined) await runCommand("tar", ["-xzf", file, "-C", folder, release.member]);
    const binary = release.member === undefined ? file : join(folder, release.member);
    await chmod(binary, 0o755);
    await rename(binary, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return true;
};
