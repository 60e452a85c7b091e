/** `npm run lab -- node …`: what each of its words does. */
import { logToStderr } from "../progress.ts";
import { nodeDown } from "./down.ts";
import { daemonsOf } from "./host/daemons.ts";
import { readNodeRecord } from "./record.ts";
import { nodeFolder, siteOf } from "./site.ts";
import { nodeUp } from "./up.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const up = async (): Promise<void> => {
  const { site, close } = await nodeUp(logToStderr);
  close();
  say(`the node is ready: ${site.server}\n  export KUBECONFIG=${site.kubeconfigFile}`);
  say(`  logs: ${site.file("logs")}\n  stop it: npm run lab -- node down`);
};

const down = async (): Promise<void> => {
  const wasThere = await nodeDown(logToStderr);
  say(wasThere ? "the node is gone" : "no node, and nothing left of one");
};

const status = (): Promise<void> => {
  const folder = nodeFolder();
  const record = readNodeRecord(folder);
  if (record === undefined) {
    say("no node");
    return Promise.resolve();
  }
  const names = new Set(daemonsOf(folder).map(({ name }) => name));
  const { server, kubeconfigFile } = siteOf(folder, record.ports);
  say(`${record.isReady && names.size > 0 ? "running" : "left behind"}  ${server}  since ${record.startedAt}`);
  say(`  processes: ${[...names].toSorted().join(", ") || "none"}\n  export KUBECONFIG=${kubeconfigFile}`);
  return Promise.resolve();
};

const COMMANDS: Readonly<Record<string, () => Promise<void>>> = { up, down, status };

/** @throws for another word, and with what went wrong. */
export const runNodeCommand = async (words: readonly string[]): Promise<void> => {
  const run = words.length === 1 ? COMMANDS[words[0] ?? ""] : undefined;
  if (run !== undefined) return run();
  throw new Error(
    `command is ${JSON.stringify(["node", ...words].join(" "))}; it must be one of node up, node down, node status`,
  );
};
