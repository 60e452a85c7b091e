/** The processes of a node: what they are told of the machine, how they are asked, and which of them are there. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { daemonsOf, killDaemons, startDaemon } from "../../../infra/lab/node/host/daemons.ts";
import { apiServer } from "../../../infra/lab/node/parts/api-server.ts";
import { etcd } from "../../../infra/lab/node/parts/etcd.ts";
import { answers200 } from "../../../infra/lab/node/parts/probes.ts";
import { pkiOf } from "../../../infra/lab/node/pki.ts";
import { choosePorts, siteOf, type Site } from "../../../infra/lab/node/site.ts";

let site: Site;

beforeEach(async () => {
  site = siteOf(mkdtempSync(join(tmpdir(), "bellwether-test-")), await choosePorts());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await killDaemons(site.folder);
  rmSync(site.folder, { recursive: true });
});

/** Runs a script until it is killed; ready once the file is there that the script is given. */
const scripted = (script: string): Promise<void> => {
  const file = site.file("ready");
  writeFileSync(site.file("script.cjs"), script);
  return startDaemon(site, {
    name: "scripted",
    file: process.execPath,
    args: [site.file("script.cjs"), file],
    probe: () => Promise.resolve(existsSync(file) ? undefined : "no file"),
  });
};

describe("a process of a node", () => {
  test("is not told of proxies: what it calls is on this machine", async () => {
    vi.stubEnv("HTTPS_PROXY", "http://192.0.2.1:1");
    vi.stubEnv("no_proxy", "any");
    vi.stubEnv("BELLWETHER_TEST_OTHER", "kept");
    await scripted(`
      require("node:fs").writeFileSync(process.argv[2] + "-new", JSON.stringify(process.env));
      require("node:fs").renameSync(process.argv[2] + "-new", process.argv[2]);
      setInterval(() => undefined, 1000);`);
    const told: object = JSON.parse(readFileSync(site.file("ready"), "utf8"));
    expect(Object.keys(told).filter((name) => /_proxy$/i.test(name))).toEqual([]);
    expect(told).toMatchObject({ BELLWETHER_TEST_OTHER: "kept" });
  });

  test("is told apart from its children, which may outlive it", async () => {
    await scripted(`
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
      child.once("spawn", () => require("node:fs").writeFileSync(process.argv[2], ""));`);
    const [daemon, ...others] = daemonsOf(site.folder).filter(({ isChild }) => !isChild);
    expect(others).toEqual([]);
    expect(daemonsOf(site.folder)).toHaveLength(2);
    process.kill(daemon?.pid ?? 0, "SIGKILL");
    await expect.poll(() => daemonsOf(site.folder)).toMatchObject([{ name: "scripted", isChild: true }]);
  });
});

test("a server that accepts and stays silent is not ready, and nobody waits for it", async () => {
  const server = createServer((socket) => void socket.resume());
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/healthz`;
  expect(await answers200(url)()).toBe(`${url} does not answer within 3 s`);
  await new Promise((resolve) => void server.close(resolve));
});

test("etcd listens with certificates only, and takes a client's or a peer's only with one of the node's", () => {
  const pki = pkiOf(site);
  const { args } = etcd(site, pki, "etcd");
  const urls = args.filter((arg) => arg.includes("-urls=")).map((arg) => arg.split("=")[1]);
  expect(urls).toHaveLength(4);
  expect(urls.filter((url) => url?.startsWith("https://127.0.0.1:") !== true)).toEqual([]);
  expect(args).toEqual(
    expect.arrayContaining([
      "--client-cert-auth=true",
      `--trusted-ca-file=${pki.caFile}`,
      "--peer-client-cert-auth=true",
      `--peer-trusted-ca-file=${pki.caFile}`,
    ]),
  );
  expect(apiServer(site, pki, "kube-apiserver").args).toEqual(
    expect.arrayContaining([
      `--etcd-servers=https://127.0.0.1:${site.ports.etcdClient}`,
      `--etcd-cafile=${pki.caFile}`,
      `--etcd-certfile=${pki.certificateFile}`,
      `--etcd-keyfile=${pki.keyFile}`,
    ]),
  );
});
