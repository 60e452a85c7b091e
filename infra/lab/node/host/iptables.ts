/**
 * Removes the chains that kubelet, kube-proxy, the CNI plugins and the bridge make, and the rules elsewhere that lead into them, all
 * rules of a table at once. Whatever else is in the tables stays as it is.
 */
import { runOnHost } from "./command.ts";

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

/** For others that change the tables; less than a command may take, so that it is iptables that says whom it waited for. */
const lockWaitMs = 20_000;

/** @throws with what the program says, and with the rules, by whose lines it names a fault; as `runOnHost` does. */
export const restoreRules = async (program: string, rules: string): Promise<void> => {
  try {
    await runOnHost(program, ["--noflush", `--wait=${lockWaitMs / 1000}`], rules);
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${rules}`, { cause: error });
  }
};

/** Both address families have tables of their own. */
const FAMILIES = ["iptables", "ip6tables"];

const undoingOf = async (family: string): Promise<string> => undoing(await runOnHost(`${family}-save`, []));

/** What `removeChains` would do; empty: there are no such chains. */
export const chainsThere = async (): Promise<string> => (await Promise.all(FAMILIES.map(undoingOf))).join("");

/** Of both. */
export const removeChains = async (): Promise<void> => {
  for (const family of FAMILIES) {
    // oxlint-disable-next-line no-await-in-loop -- both take the same lock
    const rules = await undoingOf(family);
    // oxlint-disable-next-line no-await-in-loop
    if (rules !== "") await restoreRules(`${family}-restore`, rules);
  }
};
