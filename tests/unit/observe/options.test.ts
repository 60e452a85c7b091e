/** The command line: every refusal names the field, what it got and what it accepts. */
import { describe, expect, test } from "vitest";
import { readCommand } from "../../../infra/observe/options.ts";

test("without arguments: our label, by StatefulSet, the namespace of the context, until it is stopped", () => {
  expect(readCommand([])).toEqual({
    kind: "watch",
    kubeconfig: undefined,
    scope: { label: "sts-role=writer", groupBy: "statefulset", selector: undefined, namespace: undefined },
    allNamespaces: false,
    record: undefined,
    durationMs: undefined,
  });
});

test("another product's label, by selection, in all namespaces, recorded, for ten minutes", () => {
  const args = "--label example.com/role=primary --group-by selector --selector app=db --all-namespaces";
  expect(readCommand(`${args} --record r.ndjson --for 10m --kubeconfig k`.split(" "))).toMatchObject({
    kubeconfig: "k",
    scope: { label: "example.com/role=primary", groupBy: "selector", selector: "app=db" },
    allNamespaces: true,
    record: "r.ndjson",
    durationMs: 600_000,
  });
});

test("a replay needs nothing else; help comes first", () => {
  expect(readCommand(["--replay", "r.ndjson"])).toEqual({ kind: "replay", file: "r.ndjson" });
  expect(readCommand(["--replay", "r.ndjson", "--help"])).toEqual({ kind: "help" });
});

describe("refused is", () => {
  test.each([
    ["--label role", '--label: got "role", accepted is KEY=VALUE'],
    ["--label role=", '--label: got "role=", accepted is KEY=VALUE'],
    ["--label a=b=c", '--label: got "a=b=c", accepted is KEY=VALUE'],
    ["--group-by zone", '--group-by: got "zone", accepted is statefulset or selector'],
    ["--group-by selector", "--selector: got nothing, accepted is a label selector"],
    ["--namespace a --all-namespaces", '--namespace: got "a", accepted is nothing beside --all-namespaces'],
    ["--for 10", '--for: got "10", accepted is a whole number of s, m or h'],
    ["--for 0s", '--for: got "0s"'],
    ["--for 600h", '--for: got "600h", accepted is a whole number of s, m or h, at most 24 days'],
    ["--unknown", "Unknown option '--unknown'"],
  ])("%s", (args, message) => {
    expect(() => readCommand(args.split(" "))).toThrow(message);
  });
});
