/** docs/security.md shows each point by tests: they exist, under the titles that it gives. */
import { describe, expect, test } from "vitest";
import { textOf } from "./files.ts";

const PAGE = textOf("docs/security.md");

/** File to titles, in the order of the page; a file may be there several times. */
const citations = [...PAGE.matchAll(/\[(?<file>tests\/[\w./-]+)\]\([^)]+\)(?<titles>(?:[,\s]+"[^"]+")+)/g)].map(
  ({ groups }) => ({
    file: groups?.["file"] ?? "",
    titles: [...(groups?.["titles"] ?? "").matchAll(/"(?<title>[^"]+)"/g)].map(
      (found) => found.groups?.["title"] ?? "",
    ),
  }),
);

describe("docs/security.md", () => {
  test("shows every point by a test", () => {
    const points = PAGE.split(/^##+ /m).slice(1);
    const bare = points.filter((point) => !point.includes("Shown by"));
    expect(points.length).toBeGreaterThan(6);
    expect(bare.map((point) => point.split("\n", 1)[0])).toEqual([]);
  });

  test.each(citations)("cites tests of $file that are there", ({ file, titles }) => {
    const text = textOf(file);
    expect(titles.filter((title) => !text.includes(title))).toEqual([]);
  });

  test("cites each file with a title", () => {
    expect(citations).toHaveLength([...PAGE.matchAll(/\[tests\//g)].length);
  });
});
