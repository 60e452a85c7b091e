/** Our own image without an image: its folder, built as the Containerfile builds it, and the programs in it run as a pod's command says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildImageFolder } from "../../tools/build.ts";
import type { ControlPlane } from "../control-plane.ts";
import { freePort } from "../ports.ts";
import { answersHttp } from "./part.ts";
import type { Program } from "./pod-runner.ts";

type Environment = Readonly<Record<string, string>>;

export interface ImageOptions {
  /** As pods name it. */
  readonly image: string;
  /** By name of container: ports and addresses that a cluster would give it by its Services. */
  readonly addresses: Readonly<Record<string, Environment>>;
}

/** The Containerfile's CMD. */
const DEFAULT_COMMAND = ["node", "build/main.js"];

/** Builds the folder, once in a lab, where processes of the lab find it as in the image: in `build`. */
export const ourImage = async (plane: ControlPlane, { image, addresses }: ImageOptions): Promise<Program> => {
  const folder = join(plane.dataDir, "build");
  if (!existsSync(folder)) await buildImageFolder(folder);
  return {
    image,
    command: ({ command = DEFAULT_COMMAND, args = [] }) => [process.execPath, ...command.slice(1), ...args],
    environment: async ({ server, tokenFile, caFile }, { name }) => ({
      BELLWETHER_API_SERVER: server,
      BELLWETHER_TOKEN_FILE: tokenFile,
      BELLWETHER_CA_FILE: caFile,
      PORT: String(await freePort()),
      ...addresses[name],
    }),
    readiness:
      (_, { PORT = "" }) =>
      () =>
        answersHttp(`http://127.0.0.1:${PORT}/health/readiness`),
  };
};
