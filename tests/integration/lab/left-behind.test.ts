/** However a lab ends, no process and no file of it stays. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startControlPlane } from "../../../infra/lab/control-plane.ts";
import { poll } from "../../../infra/lab/poll.ts";

/** Every part of a lab has the lab's folder in its command line. */
const processesOf = (folder: string): readonly string[] =>
  execFileSync("ps", ["-eo", "pid=,args="])
    .toString()
    .split("\n")
    .filter((line) => line.includes(folder));

it("stop leaves no process and no folder", async () => {
  const plane = await startControlPlane();
  expect(processesOf(plane.dataDir).length).toBeGreaterThanOrEqual(3);
  await plane.stop();
  expect(processesOf(plane.dataDir)).toEqual([]);
  expect(existsSync(plane.dataDir)).toBe(false);
});

/** A program that starts a lab, says where it lies, and does not stop it. */
const HOLD_LAB = `
const { startControlPlane } = await import(process.argv[1]);
const { dataDir } = await startControlPlane();
process.stdout.write(dataDir);
`;

it("the death of the starting process by SIGKILL leaves no process and no folder", async () => {
  const module = join(import.meta.dirname, "../../../infra/lab/control-plane.ts");
  const child = spawn(process.execPath, ["--input-type=module", "--eval", HOLD_LAB, module], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output]: readonly unknown[] = await once(child.stdout, "data");
  const dataDir = String(output);
  expect(processesOf(dataDir).length).toBeGreaterThanOrEqual(3);
  child.kill("SIGKILL");
  await poll(async () => (processesOf(dataDir).length === 0 && !existsSync(dataDir) ? true : undefined), {
    what: "the end of the orphaned lab",
    everyMs: 50,
    deadlineMs: 10_000,
  });
});
