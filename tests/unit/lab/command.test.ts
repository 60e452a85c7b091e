/** A program that is run has an end, if need be one that is forced. */
import { expect, test } from "vitest";
import { runCommand } from "../../../infra/lab/command.ts";

const ENDLESS = ["-e", "process.stdout.write('begun'); setInterval(() => undefined, 1000)"];

test("a program that does not end within its deadline is killed, and it is said which one and when", async () => {
  const began = performance.now();
  await expect(runCommand(process.execPath, ENDLESS, { deadlineMs: 300 })).rejects.toThrow(
    /setInterval.* did not end within 0\.3 s$/,
  );
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("one that ends before its deadline answers as without", async () => {
  expect(await runCommand(process.execPath, ["-e", "process.stdout.write('said')"], { deadlineMs: 20_000 })).toBe(
    "said",
  );
});
