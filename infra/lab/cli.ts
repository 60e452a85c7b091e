/** `npm run lab`: a real control plane that stays up in the background, for working with kubectl, the demo or the benches. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findBinary } from "./binaries.ts";
import { lastLines } from "./command.ts";
import { startControlPlane } from "./control-plane.ts";
import { startKubelet } from "./kubelet.ts";
import { runNodeCommand } from "./node/commands.ts";
import { missingToBuildFor, NODE_MADE_OF } from "./node/up.ts";
import { moduleFiles } from "./platform/module-files.ts";
import { logToStderr } from "./progress.ts";
import { checkedName, isRunning, readRecord, readRecords, stateFolder, stopLab, writeRecord } from "./state.ts";
import type { LabRecord } from "./state.ts";
import { LAB_PARTS, PLATFORM_PARTS, type Part, type PartName } from "./versions.ts";

const HELP = `A real control plane on this machine: etcd, kube-apiserver, kube-controller-manager.

  npm run lab -- up       start a lab in the background and print how to reach it
  npm run lab -- status   list the labs
  npm run lab -- down     stop a lab and remove everything that it wrote
  npm run lab -- build    find, fetch or build all binaries now

  npm run lab -- node up|down|status    as root: a whole node with Knative, whose pods are containers

  --name NAME                 which lab (default: default)
  --kubelet                   up: also start the stand-in kubelet, so that pods run
  --audit                     up: log every write with its bodies
  --platform                  build: also kubectl, Knative, func and KEDA, for npm run test:platform
  --node                      build: what a node needs, for npm run test:cluster; where the machine
                              cannot have one, that is said, and nothing is built for it
  --help

BELLWETHER_LAB_KUBERNETES=1.33 makes it the oldest Kubernetes that is supported, instead of the newest.
Binaries come from KUBEBUILDER_ASSETS, PATH, the cache, the official releases, or a build with Go.
`;

interface Flags {
  readonly name: string;
  readonly audit: boolean;
  readonly kubelet: boolean;
  readonly platform: boolean;
  readonly node: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const CONTROL_PLANE: readonly PartName[] = ["etcd", "kube-apiserver", "kube-controller-manager"];

/** One after the other: parallel builds would only share the same cores. */
const findAll = async (names: readonly PartName[], tell: (line: string) => void): Promise<void> => {
  for (const name of names) {
    const started = performance.now();
    // oxlint-disable-next-line no-await-in-loop
    const file = await findBinary(name, { log: logToStderr });
    tell(`${name.padEnd(26)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${file}`);
  }
};

const describe = (record: LabRecord): string =>
  [
    `lab ${record.name} is ready: ${record.server}`,
    ...Object.entries(record.kubeconfigs).map(([identity, file]) => `  ${identity}: export KUBECONFIG=${file}`),
    `  audit log: ${record.auditLogFile}`,
    `  stop it: npm run lab -- down --name ${record.name}`,
  ].join("\n");

const up = async (flags: Flags): Promise<void> => {
  const existing = readRecord(flags.name);
  if (existing !== undefined && (await isRunning(existing))) throw new Error(`${describe(existing)}\nit runs already`);
  await findAll(CONTROL_PLANE, () => undefined);
  // What a crash of the machine may have left.
  rmSync(stateFolder(flags.name), { recursive: true, force: true });
  mkdirSync(stateFolder(flags.name), { recursive: true });
  const logFile = join(stateFolder(flags.name), "lab.log");
  const log = openSync(logFile, "w");
  const args = ["serve", "--name", flags.name, ...process.argv.slice(3)];
  const child = fork(import.meta.filename, args, {
    detached: true,
    stdio: ["ignore", log, log, "ipc"],
  });
  // The exit code of a child that did not start is no answer either.
  const answers: readonly unknown[] = await Promise.race([once(child, "message"), once(child, "exit")]);
  if (answers[0] !== "ready")
    throw new Error(`lab ${flags.name} did not start\n${lastLines(readFileSync(logFile, "utf8"))}`);
  child.disconnect();
  child.unref();
  const record = readRecord(flags.name);
  if (record !== undefined) say(describe(record));
};

/** What `up` runs in the background: it holds the lab until it is told to end. */
const serve = async (flags: Flags): Promise<void> => {
  const plane = await startControlPlane({
    dataDir: join(stateFolder(flags.name), "data"),
    auditLog: flags.audit,
  });
  const kubelet = flags.kubelet ? await startKubelet({ plane }) : undefined;
  const ended = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  writeRecord({
    name: flags.name,
    pid: process.pid,
    server: plane.server,
    kubeconfigs: Object.fromEntries(plane.identities.map((identity) => [identity, plane.kubeconfig(identity)])),
    auditLogFile: plane.auditLogFile,
    startedAt: new Date().toISOString(),
  });
  process.send?.("ready");
  await ended;
  kubelet?.stop();
  await plane.stop();
};

const down = async ({ name }: Flags): Promise<void> => {
  const record = readRecord(name);
  if (record === undefined)
    throw new Error(
      `no lab ${name}; running: ${
        readRecords()
          .map((r) => r.name)
          .join(", ") || "none"
      }`,
    );
  await stopLab(record);
  say(`lab ${name} is stopped`);
};

const status = async (): Promise<void> => {
  const records = readRecords();
  const states = await Promise.all(records.map(isRunning));
  if (records.length === 0) say("no labs");
  for (const [index, { name, server, startedAt }] of records.entries()) {
    say(`${name.padEnd(20)} ${states[index] === true ? "running" : "dead   "}  ${server}  since ${startedAt}`);
  }
};

const namesOf = (parts: Readonly<Record<string, Part>>): readonly PartName[] =>
  Object.values(parts).map(({ name }) => name);

/** CRDs and configuration of the platform are not in its binaries: without them it is known now that its tests cannot run. */
const findManifests = async (): Promise<void> => {
  for (const family of ["knative", "serving", "keda", "http-add-on"] as const) {
    // oxlint-disable-next-line no-await-in-loop -- where they are downloaded they would only share the same line
    say(`${`manifests of ${family}`.padEnd(26)}           ${await moduleFiles(family)}`);
  }
};

/** Asked before anything is built, which takes minutes. */
const canHaveNode = async (): Promise<boolean> => {
  const missing = await missingToBuildFor();
  if (missing.length > 0) logToStderr(`nothing is built for a node, which cannot be here:\n- ${missing.join("\n- ")}`);
  return missing.length === 0;
};

const build = async ({ platform, node }: Flags): Promise<void> => {
  const forNode = node && (await canHaveNode());
  if (node && !forNode && !platform) return;
  await findAll(namesOf(LAB_PARTS), say);
  if (forNode) await findAll(["kubectl", ...NODE_MADE_OF], say);
  if (!platform) return;
  await findAll(namesOf(PLATFORM_PARTS), say);
  await findManifests();
};

const COMMANDS: Readonly<Record<string, (flags: Flags) => Promise<void>>> = {
  up,
  serve,
  down,
  status,
  build,
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: "string", default: "default" },
      audit: { type: "boolean", default: false },
      kubelet: { type: "boolean", default: false },
      platform: { type: "boolean", default: false },
      node: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [command = "--help"] = positionals;
  if (command === "node" && !values.help) return runNodeCommand(positionals.slice(1));
  const run = COMMANDS[command];
  if (values.help || positionals.length === 0) {
    process.stdout.write(HELP);
    return;
  }
  if (run === undefined || positionals.length > 1) {
    throw new Error(
      `command is ${JSON.stringify(positionals.join(" "))}; it must be one of up, down, status, build, node`,
    );
  }
  const { name, ...flags } = values;
  await run({ ...flags, name: checkedName(name) });
};

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
