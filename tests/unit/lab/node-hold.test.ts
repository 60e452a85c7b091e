/** One process at a time changes the node of a machine, and none that has ended stands in the way. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hold, isHeld } from "../../../infra/lab/node/hold.ts";

const MODULE = join(import.meta.dirname, "../../../infra/lab/node/hold.ts");

/** No other test's, nor a node's. */
const nameOf = (what: string): string => `\0bellwether-test-${process.pid}-${what}`;

test("what one holds no other gets, until it lets go", async () => {
  const name = nameOf("let-go");
  const letGo = await hold(name);
  expect(await isHeld(name)).toBe(true);
  await expect(hold(name)).rejects.toThrow("another process brings a node up or down, or has one for its tests");
  letGo();
  expect(await isHeld(name)).toBe(false);
  (await hold(name))();
});

test("what a killed process held is free", async () => {
  const name = nameOf("killed");
  const program = `
    const { hold } = await import(${JSON.stringify(MODULE)});
    await hold(${JSON.stringify(name)});
    process.stdout.write("held");
    setInterval(() => undefined, 1000);`;
  const other = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(other.stdout, "data");
  await expect(hold(name)).rejects.toThrow("another process");
  other.kill("SIGKILL");
  await once(other, "exit");
  (await hold(name))();
});
