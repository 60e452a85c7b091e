/** Puts images into the node: those of its own parts are one static program each, built from the pinned modules. */
import { readFile } from "node:fs/promises";
import { ociArchive, type Image } from "../../image/oci.ts";
import { findBinary } from "../binaries.ts";
import { runCommand } from "../command.ts";
import { logToStderr } from "../progress.ts";
import type { PartName } from "../versions.ts";
import { ctr } from "./parts/containerd.ts";
import type { Site } from "./site.ts";

const executable = 0o755;
const nobody = "65532:65532";
const importDeadlineMs = 120_000;

/** Knative asks no registry for the digest of an image that is named so. */
export const localName = (name: string): string => `dev.local/${name}:1`;

/** A part of the lab as an image. */
export const partImage = async (part: PartName): Promise<Image> => {
  const content = await readFile(await findBinary(part, { log: logToStderr }));
  return {
    name: localName(part),
    layers: [[{ path: `app/${part}`, content, mode: executable }]],
    config: { User: nobody, Env: ["PATH=/app"], Entrypoint: [`/app/${part}`] },
  };
};

/** @throws with what `ctr` says, and after two minutes. */
export const importImage = async (site: Site, image: Image): Promise<void> => {
  const args = ctr(site, ["images", "import", "-"]);
  try {
    await runCommand("ctr", args, { input: ociArchive(image), deadlineMs: importDeadlineMs });
  } catch (error) {
    throw new Error(`${image.name} cannot be imported: ${String(error)}`, { cause: error });
  }
};
