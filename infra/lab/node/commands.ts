/** `npm run lab -- node …`: what each of its words does. */
import { logToStderr } from "../progress.ts";
import { nodeDown } from "./down.ts";
import { checkPlace, isNodeHeld } from "./hold.ts";
import { readNodeRecord, type NodeRecord } from "./record.ts";
import { nodeFolder, siteOf } from "./site.ts";
import { endedDaemons, nodeUp } from "./up.ts";

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

/** What `status` calls a node; `ended` are the names of its processes that do not run, `isHeld` whether another process has it. */
export const stateOf = (record: NodeRecord, ended: readonly string[], isHeld: boolean): string => {
  const { isReady, endsWithRun = false } = record;
  if (isHeld) return isReady && endsWithRun && ended.length === 0 ? "running for tests" : "starting or ending";
  if (!isReady || endsWithRun) return "left behind";
  return ended.length === 0 ? "running" : `broken (ended: ${ended.join(", ")})`;
};

const status = async (): Promise<void> => {
  checkPlace();
  const folder = nodeFolder();
  const record = readNodeRecord(folder);
  const isHeld = await isNodeHeld();
  if (record === undefined) return say(isHeld ? "no node; another process brings one up or down" : "no node");
  const { server, kubeconfigFile } = siteOf(folder, record.ports);
  const state = stateOf(record, endedDaemons(folder), isHeld);
  say(`${state}  ${server}  since ${record.startedAt}\n  export KUBECONFIG=${kubeconfigFile}`);
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
