/** faas-js-runtime with a handler that does nothing: what every function for `kn func` costs per event before its own work. */
import { createRequire } from "node:module";
import type { start as startFaas } from "faas-js-runtime";

// Node.js does not find its named exports by `import`.
const { start } = createRequire(import.meta.url)("faas-js-runtime") as { start: typeof startFaas };

void start({ handle: () => undefined }, { port: Number(process.env["PORT"]) });
