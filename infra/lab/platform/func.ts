/** The real func CLI on a copy of our func.yaml: it writes into the folder of the function that it works on. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findBinary } from "../binaries.ts";
import { runCommand } from "../command.ts";
import { logToStderr } from "../progress.ts";

export interface FuncFolder {
  /** Created; func also keeps its own settings there. */
  readonly path: string;
  /** The text of func.yaml. */
  readonly funcYaml: string;
  /** Path of a kubeconfig; one that does not exist stops func after it has validated the file. */
  readonly kubeconfig: string;
}

/** Runs `func` with these arguments in the folder and resolves to what it prints. @throws with what it says when it fails. */
export const runFunc = async (
  { path, funcYaml, kubeconfig }: FuncFolder,
  ...args: readonly string[]
): Promise<string> => {
  const file = await findBinary("func", { log: logToStderr });
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "func.yaml"), funcYaml);
  const env = { KUBECONFIG: kubeconfig, HOME: path, XDG_CONFIG_HOME: join(path, ".config") };
  return runCommand(file, args, { isLocal: true, cwd: path, env });
};
