/** `npm run image -- --name NAME --output FILE`: writes our image as an OCI archive, without a container engine. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { bellwetherImage } from "./image.ts";
import { tagOf } from "./name.ts";
import { ociArchive } from "./oci.ts";

const { values } = parseArgs({
  options: {
    name: { type: "string", default: "dev.local/bellwether:1" },
    output: { type: "string", default: "bellwether.tar" },
  },
});
try {
  tagOf(values.name);
} catch (error) {
  process.stderr.write(`--${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
await pipeline(Readable.from(ociArchive(await bellwetherImage(values.name))), createWriteStream(values.output));
process.stdout.write(`${values.output}: ${values.name}\n`);
