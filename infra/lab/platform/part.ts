/** Starts a part of the platform as a process of the lab and waits, within a bound, until it says that it is ready. */
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { findBinary } from "../binaries.ts";
import { lastLines } from "../command.ts";
import type { ControlPlane } from "../control-plane.ts";
import { ADMIN } from "../identities.ts";
import type { LabProcess } from "../processes.ts";
import { logToStderr } from "../progress.ts";
import type { PlatformPartName } from "../versions.ts";

/** Undefined once it is ready; until then why it is not. */
export type Probe = () => Promise<string | undefined>;

const readyDeadlineMs = 60_000;
const pollMs = 50;

/** @throws when the process ends, and after 60 s with the last reason and the end of its log. */
export const untilReady = async (process: LabProcess, probe: Probe): Promise<void> => {
  const end = performance.now() + readyDeadlineMs;
  for await (const _ of setInterval(pollMs)) {
    const failure = process.failure();
    if (failure !== undefined) throw new Error(failure);
    const reason = await probe();
    if (reason === undefined) return;
    if (performance.now() < end) continue;
    const log = lastLines(readFileSync(process.logFile, "utf8"));
    throw new Error(
      `${process.name} is not ready after ${readyDeadlineMs / 1000} s: ${reason}; its log ends with\n${log}`,
    );
  }
};

export interface PartSpec {
  readonly name: PlatformPartName;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Names that a cluster's DNS would know, and that for this part lead to this machine. */
  readonly hosts?: readonly string[];
}

/** A hosts file of its own, in a mount namespace of its own; the process id stays that of the program. */
const withHosts = (plane: ControlPlane, file: string, hosts: readonly string[]): readonly [string, ...string[]] => {
  if (hosts.length === 0) return [file];
  const hostsFile = join(plane.dataDir, `hosts-${randomUUID()}`);
  writeFileSync(hostsFile, `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  return ["unshare", "--map-root-user", "--mount", "/bin/sh", "-c", script, hostsFile, file];
};

/**
 * Runs the part as administrator; it ends with the lab, by SIGKILL: some of these parts take most of a minute to end otherwise, and serve
 * what they know meanwhile.
 */
export const startPart = async (plane: ControlPlane, spec: PartSpec): Promise<LabProcess> => {
  const { name, args = [], env = {}, hosts = [] } = spec;
  const [file, ...before] = withHosts(plane, await findBinary(name, { log: logToStderr }), hosts);
  return plane.processes.start({
    name,
    file,
    args: [...before, ...args],
    env: { KUBECONFIG: plane.kubeconfig(ADMIN), ...env },
  });
};

/** Undefined once an HTTPS server on that port of this machine answers 200, as to a kubelet's probe; its certificate is not looked at. */
export const answersHttps = (port: number, path = "/"): Promise<string | undefined> =>
  new Promise((resolve) => {
    const headers = { "user-agent": "kube-probe/1.36" };
    const options = { host: "127.0.0.1", port, path, headers, rejectUnauthorized: false, agent: false };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `port ${port} answers ${response.statusCode}`);
    })
      .on("error", (error) => resolve(error.message))
      .end();
  });

/** Undefined once a plain HTTP server answers 200 to it. */
export const answersHttp = async (url: string): Promise<string | undefined> => {
  const answer = await fetch(url).catch(() => undefined);
  return answer?.status === 200 ? undefined : `${url} answers ${answer?.status ?? "nothing"}`;
};
