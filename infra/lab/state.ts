/** Where the labs that `npm run lab` started are remembered, and whether each still runs. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { poll } from "./poll.ts";
import { runCommand } from "./command.ts";

export interface LabRecord {
  readonly name: string;
  /** The process that holds the lab; the lab ends with it. */
  readonly pid: number;
  readonly server: string;
  /** Paths by identity. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
  readonly auditLogFile: string;
  readonly startedAt: string;
}

const stopDeadlineMs = 20_000;
const pollMs = 50;

const stateRoot = (): string =>
  join(process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local", "state"), "bellwether", "lab");

export const stateFolder = (name: string): string => join(stateRoot(), name);

const recordFile = (name: string): string => join(stateFolder(name), "lab.json");

/** @throws when the name could not be a folder's name. */
export const checkedName = (name: string): string => {
  if (/^[a-z0-9][a-z0-9-]{0,40}$/.test(name)) return name;
  throw new Error(`--name is ${JSON.stringify(name)}; it takes lower-case letters, digits and dashes, at most 41`);
};

export const writeRecord = (record: LabRecord): void => {
  mkdirSync(stateFolder(record.name), { recursive: true });
  writeFileSync(recordFile(record.name), `${JSON.stringify(record, undefined, 2)}\n`);
};

/** Undefined when no lab of this name was started. */
export const readRecord = (name: string): LabRecord | undefined =>
  existsSync(recordFile(name)) ? JSON.parse(readFileSync(recordFile(name), "utf8")) : undefined;

export const readRecords = (): readonly LabRecord[] =>
  existsSync(stateRoot())
    ? readdirSync(stateRoot())
        .map(readRecord)
        .filter((record) => record !== undefined)
    : [];

/** Another program may have got the process id since: the command line tells. */
export const isRunning = async ({ pid, name }: LabRecord): Promise<boolean> => {
  const command = await runCommand("ps", ["-o", "command=", "-p", String(pid)]).catch(() => "");
  return command.includes(`serve --name ${name}`);
};

/** Ends the lab's process, which takes everything else with it, and forgets the lab. */
export const stopLab = async (record: LabRecord): Promise<void> => {
  if (await isRunning(record)) {
    process.kill(record.pid, "SIGTERM");
    await poll(async () => ((await isRunning(record)) ? undefined : true), {
      what: `end of lab ${record.name} (process ${record.pid})`,
      everyMs: pollMs,
      deadlineMs: stopDeadlineMs,
    });
  }
  rmSync(stateFolder(record.name), { recursive: true, force: true });
};
