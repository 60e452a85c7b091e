/** The local source stands in for the shipped ApiServerSources, so that it streams by default what they stream. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { readManifests } from "../../../infra/lab/manifests.ts";
import { ROOT } from "../infra/files.ts";

interface Source {
  readonly kind: string;
  readonly spec: { readonly resources?: readonly Watched[] };
}

interface Watched {
  readonly apiVersion: string;
  readonly kind: string;
  readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
}

const textOf = ({ apiVersion, kind, selector }: Watched): string => {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return `${apiVersion}/${kind.toLowerCase()}s${labels.length === 0 ? "" : `?${labels.join(",")}`}`;
};

test("`npm run source` streams by default the kinds that the shipped sources stream", () => {
  const cli = path.join(ROOT, "events/source/cli.ts");
  const help = execFileSync(process.execPath, [cli, "--help"], { encoding: "utf8" });
  const listed = /--resource(?:.|\n)*?default: (?<kinds>(?:.|\n)*?)\n {2}--/.exec(help)?.groups?.["kinds"] ?? "";
  const sources = readManifests(path.join(ROOT, "infra/knative")) as unknown as readonly Source[];
  const shipped = sources
    .filter(({ kind }) => kind === "ApiServerSource")
    .flatMap(({ spec }) => spec.resources ?? [])
    .map(textOf);
  expect(shipped.length).toBeGreaterThan(0);
  expect(listed.split(/,\s+/).toSorted()).toEqual(shipped.toSorted());
});
