/** What the image holds: the bundles and what has to go with them, and nothing that nobody runs. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImageFolder, IMAGE_ENTRIES } from "../../infra/tools/build.ts";

const run = promisify(execFile);
/** gRPC is two thirds of it, the function's features a third. */
const SCALER_LIMIT_BYTES = 465 * 1024;
const SOURCE_LIMIT_BYTES = 48 * 1024;

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
}

describe("the build folder", () => {
  let folder = "";
  let metafile: Metafile = { inputs: {}, outputs: {} };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "bellwether-image-"));
    metafile = await buildImageFolder(folder);
  }, 60_000);

  afterAll(async () => rm(folder, { recursive: true }));

  const textOf = (file: string): Promise<string> => readFile(path.join(folder, file), "utf8");

  const inputsOf = (name: string): readonly string[] =>
    Object.entries(metafile.outputs).flatMap(([output, { inputs }]) =>
      path.basename(output) === name ? Object.keys(inputs) : [],
    );

  const bundled = (): readonly string[] => {
    const names = Object.keys(metafile.inputs).flatMap(
      (input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
    );
    return [...new Set(names)].toSorted();
  };

  test("has the bundles with their maps, the licences, the list of packages, and nothing else", async () => {
    const bundles = ["cloudevents", "grpc", "index", "main", "scaler", "source"];
    expect(await readdir(folder)).toEqual(
      [
        ...bundles.flatMap((name) => [`${name}.js`, `${name}.js.map`]),
        "LICENSE",
        "LICENSES-BUNDLED",
        "package.json",
        "sbom.cdx.json",
      ].toSorted(),
    );
    expect(Object.keys(IMAGE_ENTRIES).toSorted()).toEqual(bundles);
  });

  test("says that its files are CommonJS, wherever it is copied to, and no more", async () => {
    expect(JSON.parse(await textOf("package.json"))).toEqual({ type: "commonjs" });
  });

  test("lists each package that is bundled, and no other, with the version and the hash that the lock has", async () => {
    const { packages } = JSON.parse(await readFile("package-lock.json", "utf8")) as {
      readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string }>>;
    };
    const sbom = JSON.parse(await textOf("sbom.cdx.json")) as {
      readonly bomFormat: string;
      readonly specVersion: string;
      readonly components: readonly Component[];
    };
    expect([sbom.bomFormat, sbom.specVersion]).toEqual(["CycloneDX", "1.6"]);
    expect(sbom.components.map(({ name }) => name)).toEqual(bundled());
    for (const { name, version, purl, hashes } of sbom.components) {
      const locked = packages[`node_modules/${name}`];
      expect([version, purl]).toEqual([locked?.version, `pkg:npm/${name.replace("@", "%40")}@${version}`]);
      const integrity = hashes.map(({ alg, content }) => `${alg} ${Buffer.from(content, "hex").toString("base64")}`);
      expect(integrity).toEqual([locked?.integrity.replace("sha512-", "SHA-512 ")]);
    }
  });

  test("has the licence of each package that is bundled, and our own", async () => {
    const texts = await textOf("LICENSES-BUNDLED");
    for (const name of bundled())
      expect(texts).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(.+\\)\\n\\n\\S`, "m"));
    expect(texts).toContain("Apache License");
    expect(await textOf("LICENSE")).toBe(await readFile("LICENSE", "utf8"));
  });

  test("is the same for the same sources", async () => {
    const again = await mkdtemp(path.join(tmpdir(), "bellwether-image-"));
    try {
      await buildImageFolder(again);
      const files = await readdir(folder);
      const pairs = await Promise.all(
        files.map(async (file) => [await textOf(file), await readFile(path.join(again, file), "utf8")] as const),
      );
      expect(files.filter((_, index) => pairs[index]?.[0] !== pairs[index]?.[1])).toEqual([]);
    } finally {
      await rm(again, { recursive: true });
    }
  });

  test("contains no Kubernetes client, no protocol parser, and nothing of the lab or the tests", () => {
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((input) => /@kubernetes\/|proto-loader|protobufjs|infra\/lab\/|^tests\//.test(input))).toEqual(
      [],
    );
  });

  test("scaler.js judges by all features of the function, and does not ask pods", () => {
    const inputs = inputsOf("scaler.js");
    const features = inputsOf("index.js").filter((input) => /^functions\/[^/]+\/feature\.ts$/.test(input));
    expect(features.length).toBeGreaterThan(2);
    expect(inputs).toEqual(expect.arrayContaining([...features]));
    expect(inputs.filter((input) => input.startsWith("functions/roles/ask/grpc"))).toEqual([]);
  });

  test.each([
    ["scaler.js", SCALER_LIMIT_BYTES],
    ["source.js", SOURCE_LIMIT_BYTES],
  ])("%s is smaller than %i bytes", async (name, limit) => {
    expect((await stat(path.join(folder, name))).size).toBeLessThan(limit);
  });

  test("source.js has the options of the local source, and reaches the API server as a pod does", async () => {
    const { stdout } = await run(process.execPath, [path.join(folder, "source.js"), "--help"]);
    expect(stdout).toContain("--resource R[?SELECTOR]");
    const failing = run(process.execPath, [path.join(folder, "source.js"), "--sink=http://127.0.0.1:1/"], { env: {} });
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("KUBERNETES_SERVICE_HOST"),
    });
  });
});
