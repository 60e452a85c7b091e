/** A process of our host around a function that ends it in the way that its argument says. */
import { setTimeout as sleep } from "node:timers/promises";
import { runHost } from "../../../functions/kit/host/run.ts";
import { createStub } from "./stub-function.ts";

const HANDLING_MS = 100;

const fn = createStub({
  handle: async () => {
    if (process.argv[2] === "throw") {
      setImmediate(() => {
        throw new Error("a bug");
      });
    }
    if (process.argv[2] === "reject") void Promise.reject(new Error("a bug"));
    process.stdout.write("handling\n");
    await sleep(HANDLING_MS);
    return undefined;
  },
  shutdown: async () => {
    process.stdout.write("shutdown\n");
  },
});

await runHost(fn, process.env);
