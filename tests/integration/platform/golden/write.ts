/** `npm run golden`: writes the golden files anew. Read what changed before you commit it. */
import { writeFile } from "node:fs/promises";
import { renderKustomization } from "../../../../infra/lab/platform/kubectl.ts";
import { DIGEST_FILE, digestOfInputs, folderOf, goldenFileOf, OVERLAY_NAMES } from "./overlays.ts";

for (const name of OVERLAY_NAMES) {
  // oxlint-disable-next-line no-await-in-loop -- a process each, on cores that others need
  await writeFile(goldenFileOf(name), await renderKustomization(folderOf(name)));
  process.stdout.write(`${name}\n`);
}
await writeFile(DIGEST_FILE, `${digestOfInputs()}\n`);
