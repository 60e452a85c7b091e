/** What the Containerfile's base image is to our programs: the Node.js of the tests, and the C libraries that it names. */
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import type { TarFile } from "./tar.ts";

const run = promisify(execFile);
const executable = 0o755;

/** Where the Containerfile's base image has it. */
const NODE_IN_IMAGE = "nodejs/bin/node";

const nodeFile = (): string =>
  path.join(path.dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");

/** Absolute paths in what `ldd` prints: libraries and the loader; the kernel's own has no path. */
export const librariesIn = (printed: string): readonly string[] =>
  [...printed.matchAll(/^\t(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, file = ""]) => file).toSorted();

/** A layer with Node.js and nothing else. @throws where `ldd` is missing or Node.js needs no library: only glibc is known. */
export const nodeRuntime = async (): Promise<readonly TarFile[]> => {
  const node = nodeFile();
  const libraries = librariesIn((await run("ldd", [node])).stdout);
  if (libraries.length === 0) throw new Error(`ldd names no library of ${node}`);
  const files = [
    { path: NODE_IN_IMAGE, source: node },
    ...libraries.map((file) => ({ path: file.slice(1), source: file })),
  ];
  return Promise.all(
    files.map(async ({ path: target, source }) => ({
      path: target,
      content: await readFile(await realpath(source)),
      mode: executable,
    })),
  );
};
