/** Unmounts what containerd and the kubelet mounted in the node's folder: it could not be removed otherwise. */
import { readFileSync } from "node:fs";
import { runOnHost } from "./command.ts";

/** Mount points below a folder, the last mounted first. */
export const mountsBelow = (folder: string): readonly string[] =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1]?.replaceAll(String.raw`\040`, " ") ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .toReversed();

/** Lazily, since whoever used them was killed a moment ago. @throws when one stays. */
export const unmountBelow = async (folder: string): Promise<void> => {
  for (const path of mountsBelow(folder)) {
    // oxlint-disable-next-line no-await-in-loop -- one may be mounted inside of another
    await runOnHost("umount", ["--lazy", path]);
  }
};
