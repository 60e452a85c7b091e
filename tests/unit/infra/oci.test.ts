/** Our image without a container engine: what the Containerfile says, in bytes that follow from nothing else. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bellwetherImage } from "../../../infra/image/image.ts";
import { tagOf } from "../../../infra/image/name.ts";
import { librariesIn } from "../../../infra/image/node-runtime.ts";
import { ociArchive, type Image } from "../../../infra/image/oci.ts";
import { tar } from "../../../infra/image/tar.ts";
import { IMAGE_ENTRIES } from "../../../infra/tools/build.ts";

const run = promisify(execFile);
const NAME = "dev.local/bellwether:test";
/** Node.js with its libraries is 132 MB of it, our build folder one. */
const LIMIT_BYTES = 150e6;
const BUILD_LIMIT_BYTES = 1.5e6;

const digestOf = (pieces: readonly Uint8Array[]): string => {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};

const sizeOf = (files: Image["layers"][number] = []): number =>
  files.reduce((sum, { content }) => sum + content.length, 0);

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

describe("an archive of files", () => {
  const long = `${"folder/".repeat(20)}file`;
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "bellwether-tar-"));
  });
  afterAll(async () => rm(folder, { recursive: true }));

  test("is read by tar as it was written: names in order, contents, modes, no owner, no time", async () => {
    const content = Buffer.from("x".repeat(1000));
    const files = [
      { path: "z", content, mode: 0o755 },
      { path: long, content: Buffer.from("long") },
      { path: "a/empty", content: Buffer.alloc(0) },
    ];
    const file = path.join(folder, "files.tar");
    await writeFile(file, Buffer.concat(tar(files)));
    const { stdout } = await run("tar", ["-tvf", file, "--utc", "--numeric-owner"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.replaceAll(/ +/g, " ")),
    ).toEqual([
      "-rw-r--r-- 0/0 0 1970-01-01 00:00 a/empty",
      `-rw-r--r-- 0/0 4 1970-01-01 00:00 ${long}`,
      "-rwxr-xr-x 0/0 1000 1970-01-01 00:00 z",
    ]);
    await run("tar", ["-xf", file, "-C", folder]);
    expect(await readFile(path.join(folder, "z"))).toEqual(content);
    expect(await readFile(path.join(folder, long), "utf8")).toBe("long");
  });

  test("refuses a name that does not fit, and says how long one may be", () => {
    const files = [{ path: "x".repeat(101), content: Buffer.alloc(0) }];
    expect(() => tar(files)).toThrow("a tar archive takes up to 100 characters after a slash");
  });
});

test.each([
  ["dev.local/bellwether:1", "1"],
  ["bellwether:v1.2.3-rc.1_a", "v1.2.3-rc.1_a"],
  ["localhost:5000/team/bellwether:latest", "latest"],
])("%s names an image, with tag %s", (name, tag) => {
  expect(tagOf(name)).toBe(tag);
});

test.each([
  "dev.local/bellwether",
  "host:5000/x",
  "bellwether:",
  "dev.local/Bellwether:1",
  "dev.local/bellwether:1@sha256:aa",
  "a b:1",
  "",
])("%j is no image's name with a tag, and it is said what one is", (name) => {
  const { layers, config } = { layers: [], config: { User: "", Env: [] } };
  expect(() => ociArchive({ name, layers, config })).toThrow(
    `name: got ${name}, accepts an image's name with a tag, such as dev.local/bellwether:1`,
  );
});

test("what ldd prints of a program has its libraries and its loader, and not what the kernel maps", () => {
  const printed = [
    "\tlinux-vdso.so.1 (0x00007f4cc9a63000)",
    "\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f4cc9a4d000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f4cc9a65000)",
  ].join("\n");
  expect(librariesIn(printed)).toEqual(["/lib/x86_64-linux-gnu/libdl.so.2", "/lib64/ld-linux-x86-64.so.2"]);
});

describe.runIf(process.platform === "linux")("our image", () => {
  let image: Image = { name: "", layers: [], config: { User: "", Env: [] } };
  let archive: readonly Uint8Array[] = [];

  beforeAll(async () => {
    image = await bellwetherImage(NAME);
    archive = ociArchive(image);
  }, 60_000);

  const paths = (): readonly string[] => image.layers.flat().map((file) => file.path);

  test("has Node.js with its libraries, the build folder without maps, and nothing else", () => {
    const built = [
      ...Object.keys(IMAGE_ENTRIES).map((name) => `${name}.js`),
      "LICENSE",
      "LICENSES-BUNDLED",
      "package.json",
      "sbom.cdx.json",
    ];
    const others = paths().filter((file) => !/^(?:usr\/)?lib(?:64)?\/.*\.so(?:\.\d+)*$/.test(file));
    expect(others.toSorted()).toEqual(["nodejs/bin/node", ...built.map((name) => `app/build/${name}`)].toSorted());
    expect(paths().some((file) => file.endsWith("/libc.so.6"))).toBe(true);
  });

  test("is run as the Containerfile says", () => {
    expect(image.config).toEqual({
      User: "65532:65532",
      Env: ["NODE_ENV=production", "PATH=/nodejs/bin:/usr/local/bin:/usr/bin:/bin"],
      Entrypoint: [],
      Cmd: ["node", "build/main.js"],
      WorkingDir: "/app",
      ExposedPorts: { "8080/tcp": {} },
    });
  });

  test("is small", () => {
    expect(sizeOf(image.layers[1])).toBeLessThan(BUILD_LIMIT_BYTES);
    expect(archive.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(LIMIT_BYTES);
  });

  test("is the same to the byte when it is built again", async () => {
    expect(digestOf(ociArchive(await bellwetherImage(NAME)))).toBe(digestOf(archive));
  });

  test("is an OCI layout: each descriptor has the digest and the size of its blob, and the index the name", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "bellwether-oci-"));
    try {
      const file = path.join(folder, "image.tar");
      await writeFile(file, archive);
      await run("tar", ["-xf", file, "-C", folder]);
      const blob = async ({ digest, size }: Descriptor): Promise<Buffer> => {
        const content = await readFile(path.join(folder, "blobs", digest.replace(":", "/")));
        expect([digest, size]).toEqual([`sha256:${digestOf([content])}`, content.length]);
        return content;
      };
      const { manifests } = JSON.parse(await readFile(path.join(folder, "index.json"), "utf8")) as {
        readonly manifests: readonly [Descriptor & { readonly annotations: object }];
      };
      expect(manifests[0].annotations).toMatchObject({ "io.containerd.image.name": NAME });
      const manifest = JSON.parse((await blob(manifests[0])).toString()) as {
        readonly config: Descriptor;
        readonly layers: readonly Descriptor[];
      };
      const config = JSON.parse((await blob(manifest.config)).toString()) as {
        readonly config: object;
        readonly rootfs: { readonly diff_ids: readonly string[] };
      };
      await Promise.all(manifest.layers.map(blob));
      expect(config.config).toEqual(image.config);
      expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digest));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
