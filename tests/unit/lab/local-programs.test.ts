/** kubectl and func reach a node's address also where the environment sends calls through a proxy. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runFunc } from "../../../infra/lab/platform/func.ts";
import { kubectl } from "../../../infra/lab/platform/kubectl.ts";

let folder: string;
/** Both are programs that print their environment. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bellwether-test-"));
  for (const name of ["kubectl", "func"]) {
    const file = join(folder, name);
    writeFileSync(file, `#!${process.execPath}\nprocess.stdout.write(JSON.stringify(process.env));\n`);
    chmodSync(file, 0o755);
  }
  vi.stubEnv("KUBEBUILDER_ASSETS", folder);
  for (const name of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
    vi.stubEnv(name, "http://192.0.2.1:1");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const kubeconfig = "/a/kubeconfig";

test.for([
  ["kubectl", () => kubectl({ kubeconfig: () => kubeconfig, dataDir: folder }, "get", "pods")],
  ["func", () => runFunc({ path: folder, funcYaml: "", kubeconfig }, "list")],
] as const)("%s is told of its kubeconfig, and not of proxies", async ([, run]) => {
  const told: object = JSON.parse(await run());
  expect(told).toMatchObject({ KUBECONFIG: kubeconfig });
  expect(Object.keys(told).filter((name) => /_proxy$/i.test(name))).toEqual([]);
});
