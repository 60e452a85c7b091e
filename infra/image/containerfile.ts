/** Reads what the Containerfile says of the image itself, so that the image that is built without an engine is the same one. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ImageConfig } from "./oci.ts";

export interface Stage {
  readonly config: ImageConfig;
  /** Where the build folder is in the image, without the first slash. */
  readonly buildFolder: string;
}

const FILE = path.join(import.meta.dirname, "Containerfile");

/** The arguments of each line of the last stage that begins so. */
const linesOf = (stage: readonly string[], instruction: string): readonly string[] =>
  stage.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1).trim());

const only = (stage: readonly string[], instruction: string): string => {
  const [line, ...more] = linesOf(stage, instruction);
  if (line !== undefined && more.length === 0) return line;
  throw new Error(`${FILE}: the last stage must have exactly one ${instruction}`);
};

/** @throws when the last stage does not say once what an image needs. */
export const readStage = async (): Promise<Stage> => {
  const lines = (await readFile(FILE, "utf8")).split("\n");
  const stage = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
  const workingFolder = only(stage, "WORKDIR");
  const target = only(stage, "COPY").split(" ").at(-1) ?? "";
  return {
    config: {
      User: only(stage, "USER"),
      Env: linesOf(stage, "ENV").flatMap((line) => line.split(" ")),
      Entrypoint: JSON.parse(only(stage, "ENTRYPOINT")),
      Cmd: JSON.parse(only(stage, "CMD")),
      WorkingDir: workingFolder,
      ExposedPorts: Object.fromEntries(linesOf(stage, "EXPOSE").map((port) => [`${port}/tcp`, {}])),
    },
    buildFolder: path.posix.join(workingFolder, target).slice(1),
  };
};
