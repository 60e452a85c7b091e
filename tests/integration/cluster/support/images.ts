/** The images of the cluster tests: ours, and an application's. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { bellwetherImage } from "../../../../infra/image/image.ts";
import { nodeRuntime } from "../../../../infra/image/node-runtime.ts";
import type { Image } from "../../../../infra/image/oci.ts";
import { importImage, localName } from "../../../../infra/lab/node/images.ts";
import type { Site } from "../../../../infra/lab/node/site.ts";

export const BELLWETHER_IMAGE: string = localName("bellwether");
export const APPLICATION_IMAGE: string = localName("application");

const SOURCE = path.join(import.meta.dirname, "../application/main.ts");

const applicationImage = async (): Promise<Image> => ({
  name: APPLICATION_IMAGE,
  layers: [
    await nodeRuntime(),
    [
      { path: "app/main.ts", content: await readFile(SOURCE) },
      { path: "app/package.json", content: Buffer.from('{ "type": "module" }\n') },
    ],
  ],
  config: { User: "65532:65532", Env: ["PATH=/nodejs/bin"], Cmd: ["node", "/app/main.ts"], WorkingDir: "/app" },
});

export const importTestImages = async (site: Site): Promise<void> => {
  await importImage(site, await bellwetherImage(BELLWETHER_IMAGE));
  await importImage(site, await applicationImage());
};
