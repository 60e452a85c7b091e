/**
 * Removes the chains that kubelet, kube-proxy, the CNI plugins and the bridge make, and the rules elsewhere that lead into them, all
 * rules of a table at once. Whatever else is in the tables stays as it is.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { runCommand } from "../../command.ts";

const OURS = /^(?:KUBE|CNI)-/;

const isOurs = (chain: string | undefined): boolean => chain !== undefined && OURS.test(chain);

/** What undoes one line of `iptables-save`. */
const undoLine = (line: string): readonly string[] => {
  const chain = /^:(\S+)/.exec(line)?.[1];
  if (isOurs(chain)) return [`-F ${chain}`];
  const [, from, target] = /^-A (\S+).* -[jg] (\S+)/.exec(line) ?? [];
  return isOurs(target) && !isOurs(from) ? [line.replace("-A", "-D")] : [];
};

/** Makes of what `iptables-save` prints the input of `iptables-restore --noflush` that removes the chains; empty: there are none. */
export const undoing = (saved: string): string => {
  const tables = saved.split(/^(?=\*)/m).filter((table) => table.startsWith("*"));
  return tables
    .map((table) => {
      const lines = table.split("\n");
      const undone = lines.flatMap(undoLine);
      // A chain can be deleted once no rule leads into it, also none of another chain of ours.
      const deleted = lines.flatMap((line) =>
        isOurs(/^:(\S+)/.exec(line)?.[1]) ? [`-X ${line.slice(1).split(" ")[0]}`] : [],
      );
      return undone.length === 0 ? "" : [lines[0], ...undone.toSorted(rulesFirst), ...deleted, "COMMIT", ""].join("\n");
    })
    .join("");
};

const rulesFirst = (one: string, other: string): number =>
  Number(one.startsWith("-F")) - Number(other.startsWith("-F"));

/** @throws with what the program says. */
export const restoreRules = async (program: string, rules: string): Promise<void> => {
  const child = spawn(program, ["--noflush"], { stdio: ["pipe", "ignore", "pipe"] });
  const said = text(child.stderr);
  child.stdin.end(rules);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${await said}\n${rules}`);
};

/** Of both address families, which have tables of their own. */
export const removeChains = async (): Promise<void> => {
  for (const program of ["iptables", "ip6tables"]) {
    // oxlint-disable-next-line no-await-in-loop -- both take the same lock
    const rules = undoing(await runCommand(`${program}-save`, []));
    // oxlint-disable-next-line no-await-in-loop
    if (rules !== "") await restoreRules(`${program}-restore`, rules);
  }
};
