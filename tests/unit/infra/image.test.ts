/** What goes into the image: as little as possible, run by nobody in particular, and enough to build it from. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { bundle, IMAGE_ENTRIES } from "../../../infra/tools/build.ts";
import { textOf } from "./files.ts";
import { containerOf, workloadsOf } from "./workloads.ts";
import { OVERLAY_NAMES } from "../../integration/platform/golden/overlays.ts";

const lines = textOf("infra/image/Containerfile")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const last = lines.slice(lines.findLastIndex((line) => line.startsWith("FROM ")));
const argument = (name: string): string =>
  lines.flatMap((line) => (line.startsWith(`ARG ${name}=`) ? [line.slice(`ARG ${name}=`.length)] : []))[0] ?? "";

describe("infra/image/Containerfile", () => {
  test("puts the build folder into the image, and nothing else", () => {
    expect(last.filter((line) => /^(?:COPY|ADD|RUN)\b/.test(line))).toEqual(["COPY --from=build /src/build ./build"]);
  });

  test("is not run as root, by a number that the kubelet can compare", () => {
    expect(last.filter((line) => line.startsWith("USER "))).toEqual(["USER 65532:65532"]);
  });

  test("runs the function by default, and the programs that manifests name are in the build folder", () => {
    expect(last.at(-1)).toBe('CMD ["node", "build/main.js"]');
    const commands = OVERLAY_NAMES.flatMap(workloadsOf).flatMap((workload) => containerOf(workload).command?.[1] ?? []);
    const built = Object.keys(IMAGE_ENTRIES).map((name) => `build/${name}.js`);
    expect(new Set(commands)).toEqual(new Set(["build/source.js", "build/scaler.js"]));
    expect(built).toEqual(expect.arrayContaining([...commands, "build/main.js"]));
  });

  test("is built and run with the Node.js that the tests use", () => {
    const { devDependencies } = JSON.parse(textOf("package.json")) as { readonly devDependencies: { node: string } };
    const [major] = devDependencies.node.split(".");
    expect(argument("NODE")).toMatch(new RegExp(`/node:${devDependencies.node.replaceAll(".", "\\.")}-`));
    expect(argument("BASE")).toMatch(new RegExp(`/nodejs${major}-.*:nonroot$`));
  });
});

test(".dockerignore lets in what is bundled, and no tests, histories or folders of modules", async () => {
  const allowed = textOf(".dockerignore")
    .split("\n")
    .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
  const isAllowed = (file: string): boolean => allowed.some((entry) => file === entry || file.startsWith(`${entry}/`));
  const folder = await mkdtemp(path.join(tmpdir(), "bellwether-image-"));
  try {
    const { inputs } = await bundle(path.join(folder, "build"), IMAGE_ENTRIES);
    const own = Object.keys(inputs).filter((file) => !file.includes("node_modules/"));
    expect(own.length).toBeGreaterThan(50);
    expect(own.filter((file) => !isAllowed(file))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
  for (const needed of ["package.json", "package-lock.json", ".npmrc", "LICENSE", "infra/tools/build.ts"])
    expect(isAllowed(needed)).toBe(true);
  for (const other of ["tests/unit/infra/image.test.ts", ".git/config", "node_modules/x", ".env", "build/main.js"])
    expect(isAllowed(other)).toBe(false);
});
