/** What the machine must offer before anything is started, each looked at by trying it, and what to do where it is missing. */
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { nodeFolder, POD_SUBNET, SERVICE_SUBNET } from "../site.ts";
import { missingControllers, podRoots, tryCgroups } from "./cgroups.ts";
import { runOnHost } from "./command.ts";
import { chainsThere, restoreRules } from "./iptables.ts";
import { applySettings, readSettings } from "./settings.ts";

/** Where Debian puts the network plugins. */
export const CNI_FOLDER = "/usr/lib/cni";

/** By Debian package: files of it that are used, by path or as programs. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  containerd: ["containerd", "ctr", "containerd-shim-runc-v2"],
  runc: ["runc"],
  "containernetworking-plugins": ["bridge", "host-local", "loopback", "portmap"].map((name) => join(CNI_FOLDER, name)),
  iptables: ["iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore"],
  iproute2: ["ip"],
  kmod: ["modprobe"],
  mount: ["mount", "umount"],
};

const gibibyte = 1024 ** 3;

/** Where less of a disk is free the kubelet evicts pods. */
export const evictionDiskBytes: number = gibibyte;
const takenDiskBytes = 6 * gibibyte;
const takenMemoryBytes = 3 * gibibyte;

/** The same names each time, so that what a look left that was killed goes with the next one. */
const TRY_BRIDGE = "bellwether-try";
const TRY_PAIR = ["bellwether-a", "bellwether-b"] as const;

/** Undefined: it is there. Otherwise a sentence for a person. */
export type Look = () => Promise<string | undefined> | string | undefined;

const isRunnable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const isInstalled = (file: string, folders: readonly string[]): boolean =>
  file.startsWith("/") ? isRunnable(file) : folders.some((folder) => isRunnable(join(folder, file)));

/** Packages of which a program is not in these folders. */
const lacking = (folders: readonly string[]): readonly string[] =>
  Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.every((file) => isInstalled(file, folders)) !== true);

/** Programs for root are here, which `su` leaves out of PATH. */
const ROOTS_FOLDERS = ["/usr/sbin", "/sbin"];

/** Sentences about what is not in the folders of `path`, which are those of PATH; empty: every program is. */
export const missingPrograms = (
  path: readonly string[],
  rootsFolders: readonly string[] = ROOTS_FOLDERS,
): readonly string[] => {
  const uninstalled = lacking([...path, ...rootsFolders]);
  const hidden = lacking(path).filter((name) => !uninstalled.includes(name));
  const sentences: string[] = [];
  if (uninstalled.length > 0)
    sentences.push(`programs are missing; on Debian: apt-get install --no-install-recommends ${uninstalled.join(" ")}`);
  if (hidden.length > 0)
    sentences.push(`PATH does not lead to programs of ${hidden.join(", ")}: add ${rootsFolders.join(delimiter)} to it`);
  return sentences;
};

/** The reason why a command fails, as a sentence that begins with what it is for. */
const attempt = async (purpose: string, step: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await step();
    return undefined;
  } catch (error) {
    return `${purpose}: ${error instanceof Error ? error.message : String(error)}`;
  }
};

const deleteTried = async (): Promise<void> => {
  for (const name of [TRY_PAIR[0], TRY_BRIDGE]) {
    // oxlint-disable-next-line no-await-in-loop
    await runOnHost("ip", ["link", "delete", name]).catch(() => undefined);
  }
};

export const links: Look = () =>
  attempt("a bridge with a pair of virtual Ethernet devices cannot be made", async () => {
    const [one, other] = TRY_PAIR;
    await deleteTried();
    try {
      await runOnHost("ip", ["link", "add", TRY_BRIDGE, "type", "bridge"]);
      await runOnHost("ip", ["link", "add", one, "type", "veth", "peer", "name", other]);
      await runOnHost("ip", ["link", "set", one, "master", TRY_BRIDGE]);
    } finally {
      await deleteTried();
    }
  });

const overlay: Look = () => {
  mkdirSync(dirname(nodeFolder()), { recursive: true });
  const folder = mkdtempSync(`${nodeFolder()}-try-`);
  const [lower = "", upper = "", work = "", merged = ""] = ["lower", "upper", "work", "merged"].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  });
  return attempt(
    `overlay file systems cannot be mounted in ${dirname(folder)} (XDG_STATE_HOME chooses another place)`,
    async () => {
      try {
        const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
        await runOnHost("mount", ["-t", "overlay", "overlay", "-o", layers, merged]);
        await runOnHost("umount", [merged]);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
};

/** One rule with everything that kube-proxy's rules are made of. */
const RULES = `*nat
:KUBE-BELLWETHER-TRY - [0:0]
-A KUBE-BELLWETHER-TRY -m comment --comment "try" -m conntrack --ctstate NEW -m statistic --mode random --probability 0.5 -m mark --mark 0x4000/0x4000 -j MARK --set-xmark 0x4000/0x4000
-A KUBE-BELLWETHER-TRY -m addrtype --dst-type LOCAL -m recent --name TRY --rcheck --seconds 1 --reap -j RETURN
-A KUBE-BELLWETHER-TRY -p tcp -m tcp --dport 1 -j DNAT --to-destination 127.0.0.1:2
-A KUBE-BELLWETHER-TRY -j MASQUERADE --random-fully
COMMIT
`;

const rules: Look = () =>
  attempt("iptables cannot translate addresses as Services need it", async () => {
    await restoreRules("iptables-restore", RULES);
    await restoreRules("iptables-restore", "*nat\n-F KUBE-BELLWETHER-TRY\n-X KUBE-BELLWETHER-TRY\nCOMMIT\n");
  });

const bridgedRules: Look = async () => {
  const setting = "/proc/sys/net/bridge/bridge-nf-call-iptables";
  if (!existsSync(setting)) await runOnHost("modprobe", ["br_netfilter"]).catch(() => undefined);
  return existsSync(setting) ? undefined : "the kernel does not filter what crosses a bridge (module br_netfilter)";
};

const cgroups: Look = () => {
  const missing = missingControllers();
  if (missing.length > 0) return `the kernel offers no cgroups for ${missing.join(", ")}`;
  return attempt("cgroups cannot be made", () => Promise.resolve(tryCgroups()));
};

/** Each is set to what it is. */
const settings: Look = () =>
  attempt("kernel settings cannot be changed", () => Promise.resolve(applySettings(readSettings())));

const gigabytes = (bytes: number): string => `${(bytes / gibibyte).toFixed(1)} GiB`;

/** What a node asks for. */
export const neededDiskBytes: number = takenDiskBytes + evictionDiskBytes;

const disk: Look = () => {
  const parent = dirname(nodeFolder());
  mkdirSync(parent, { recursive: true });
  const { bavail, bsize } = statfsSync(parent);
  const free = bavail * bsize;
  if (free >= neededDiskBytes) return undefined;
  return `${parent} has ${gigabytes(free)} free; a node needs ${gigabytes(neededDiskBytes)}`;
};

const memory: Look = () => {
  const line = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  const free = Number(line) * 1024;
  if (free >= takenMemoryBytes) return undefined;
  return `${gigabytes(free)} of memory are free; a node takes ${gigabytes(takenMemoryBytes)}`;
};

export const noOtherKubernetes: Look = async () => {
  if ((await chainsThere()) === "" && podRoots().length === 0) return undefined;
  return "another Kubernetes runs on this machine, or left rules or cgroups (chains KUBE-*, CNI-*, cgroup kubepods)";
};

/** Ways to everywhere, also in halves, as VPNs have them: what is narrower goes before. */
const EVERYWHERE = /^(?:default|0\.0\.0\.0\/1|128\.0\.0\.0\/1) /;

/** Whether one of the routes, as `ip route` prints them, leads to somewhere in particular. */
export const leadsSomewhere = (routes: string): boolean =>
  routes.split("\n").some((route) => route !== "" && !EVERYWHERE.test(route));

/** Networks within the subnet, and those that it is within. */
const routesTo = async (subnet: string): Promise<string> =>
  (await runOnHost("ip", ["-4", "route", "show", "root", subnet])) +
  (await runOnHost("ip", ["-4", "route", "show", "match", subnet]));

const freeAddresses: Look = async () => {
  const subnets = [POD_SUBNET, SERVICE_SUBNET];
  const routes = await Promise.all(subnets.map(routesTo));
  const taken = subnets.filter((_, index) => leadsSomewhere(routes[index] ?? ""));
  return taken.length === 0 ? undefined : `something else uses the addresses ${taken.join(" and ")}`;
};

/** What needs programs is looked at once they are there. */
const LOOKS: readonly Look[] = [
  links,
  overlay,
  rules,
  bridgedRules,
  settings,
  cgroups,
  disk,
  memory,
  noOtherKubernetes,
  freeAddresses,
];

/** One that fails is an answer, too: what it looked with is not allowed. */
export const answersOf = async (looks: readonly Look[]): Promise<readonly string[]> => {
  const answers: string[] = [];
  for (const look of looks) {
    // oxlint-disable-next-line no-await-in-loop -- some of them use the same tables
    const failure = await attempt("a look at this machine failed", async () => {
      const answer = await look();
      if (answer !== undefined) answers.push(answer);
    });
    if (failure !== undefined) answers.push(failure);
  }
  return answers;
};

/** Sentences about what is missing; empty: a node can start here. It changes nothing that it does not put back, but for loading br_netfilter. */
export const missingRequirements = async (): Promise<readonly string[]> => {
  if (process.platform !== "linux") return [`a node needs Linux; this is ${process.platform}`];
  if (process.getuid?.() !== 0)
    return ["a node must be started by root: it mounts, and makes network devices and iptables rules"];
  const programs = missingPrograms((process.env["PATH"] ?? "").split(delimiter));
  return programs.length > 0 ? programs : answersOf(LOOKS);
};
