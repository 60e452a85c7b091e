/** A program that is run has an end, if need be one that is forced; it reads what it is given, and is told of proxies unless it calls this machine alone. */
import { afterEach, expect, test, vi } from "vitest";
import { runCommand } from "../../../infra/lab/command.ts";

const ENDLESS = ["-e", "process.stdout.write('begun'); setInterval(() => undefined, 1000)"];
const ENVIRONMENT = ["-p", "JSON.stringify(process.env)"];

const toldOf = async (isLocal: boolean): Promise<object> =>
  JSON.parse(await runCommand(process.execPath, ENVIRONMENT, { isLocal }));

afterEach(() => void vi.unstubAllEnvs());

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

test.for([
  ["text", "so much"],
  ["pieces", [Buffer.from("so "), Buffer.from("much")]],
] as const)("it reads what it is given, %s", async ([, input]) => {
  expect(await runCommand(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], { input })).toBe("so much");
});

test("of one that ends before it has read what it is given, what it says is the reason", async () => {
  const refuse = ["-e", "process.stderr.write('bad option'); process.exitCode = 2; process.stdin.destroy()"];
  const input = "x".repeat(1_000_000);
  await expect(runCommand(process.execPath, refuse, { input })).rejects.toThrow(/ended with 2\nbad option$/);
});

test("it is told of proxies, unless all that it calls is on this machine", async () => {
  for (const name of ["HTTPS_PROXY", "http_proxy", "All_Proxy", "NO_PROXY"]) vi.stubEnv(name, "http://192.0.2.1:1");
  vi.stubEnv("BELLWETHER_TEST_OTHER", "kept");
  expect(await toldOf(false)).toMatchObject({ HTTPS_PROXY: "http://192.0.2.1:1", NO_PROXY: "http://192.0.2.1:1" });
  const told = await toldOf(true);
  expect(Object.keys(told).filter((name) => /_proxy$/i.test(name))).toEqual([]);
  expect(told).toMatchObject({ BELLWETHER_TEST_OTHER: "kept" });
});
