/** Our image without a container engine: what the Containerfile copies, on top of Node.js. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildImageFolder } from "../tools/build.ts";
import { readStage } from "./containerfile.ts";
import { nodeRuntime } from "./node-runtime.ts";
import type { Image } from "./oci.ts";
import type { TarFile } from "./tar.ts";

/** The build folder, but for what the Containerfile removes. */
const builtFiles = async (target: string): Promise<readonly TarFile[]> => {
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-image-"));
  try {
    await buildImageFolder(folder);
    const names = (await readdir(folder)).filter((name) => !name.endsWith(".map"));
    return await Promise.all(
      names.map(async (name) => ({
        path: path.posix.join(target, name),
        content: await readFile(path.join(folder, name)),
      })),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** The function, the local source and the scaler, as `infra/image/Containerfile` has them. `name` has a tag. */
export const bellwetherImage = async (name: string): Promise<Image> => {
  const { config, buildFolder } = await readStage();
  return { name, config, layers: [await nodeRuntime(), await builtFiles(buildFolder)] };
};
