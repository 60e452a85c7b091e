/** Puts images into the node: those of its own parts are one static program each, built from the pinned modules. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { ociArchive, type Image } from "../../image/oci.ts";
import { findBinary } from "../binaries.ts";
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
  const child = spawn("ctr", ctr(site, ["images", "import", "-"]), {
    stdio: ["pipe", "ignore", "pipe"],
    timeout: importDeadlineMs,
    killSignal: "SIGKILL",
  });
  const said = text(child.stderr);
  const ended = once(child, "exit");
  // What it says is the reason when it stops reading.
  await pipeline(Readable.from(ociArchive(image)), child.stdin).catch(() => undefined);
  const [code] = (await ended) as [number | null];
  if (code !== 0)
    throw new Error(`${image.name} cannot be imported: ctr ended with ${code ?? "a signal"}: ${await said}`);
};
