/** Defaults, every kind of bad value, and that all problems are told at once. */
import { describe, expect, test } from "vitest";
import { readConfig } from "../../../functions/kit/host/config.ts";
import { VARIABLES } from "../../../functions/kit/host/variables.ts";

const LOCATED = { BELLWETHER_API_SERVER: "https://127.0.0.1:6443" };

describe("readConfig", () => {
  test("has a default for everything but the API server", () => {
    expect(readConfig(LOCATED)).toEqual({
      port: 8080,
      mode: "active",
      namespaces: [],
      rolesNamespaces: [],
      clusterDomain: "cluster.local",
      tickSeconds: 10,
      ackAfterMs: 25,
      concurrency: 16,
      groupDeadlineMs: 10_000,
      requestDeadlineMs: 5000,
      bodyLimitBytes: 4_194_304,
      logLevel: "info",
      sink: undefined,
      ceOverrides: {},
      apiServer: { server: "https://127.0.0.1:6443", tokenFile: undefined, caFile: undefined },
    });
  });

  test("takes the values that are given", () => {
    const config = readConfig({
      ...LOCATED,
      PORT: "0",
      BELLWETHER_MODE: "observe",
      BELLWETHER_NAMESPACES: "data, web,data",
      LOG_LEVEL: "debug",
      K_SINK: "http://broker.svc/data",
      K_CE_OVERRIDES: '{"extensions":{"team":"db"}}',
    });
    expect(config).toMatchObject({ port: 0, mode: "observe", namespaces: ["data", "web"], logLevel: "debug" });
    expect(config).toMatchObject({ sink: new URL("http://broker.svc/data"), ceOverrides: { team: "db" } });
  });

  test("an empty value counts as unset", () => {
    expect(readConfig({ ...LOCATED, PORT: "", BELLWETHER_NAMESPACES: "" })).toMatchObject({
      port: 8080,
      namespaces: [],
    });
  });

  test.each([
    ["PORT", "65536"],
    ["PORT", "8080.5"],
    ["PORT", "0x10"],
    ["BELLWETHER_TICK_SECONDS", "0"],
    ["BELLWETHER_ACK_AFTER_MS", "-1"],
    ["BELLWETHER_CONCURRENCY", "many"],
    ["BELLWETHER_GROUP_DEADLINE_MS", "1e9"],
    ["BELLWETHER_REQUEST_DEADLINE_MS", " 5000"],
    ["BELLWETHER_BODY_LIMIT_BYTES", "4Mi"],
    ["BELLWETHER_MODE", "dry-run"],
    ["BELLWETHER_NAMESPACES", "data,,web"],
    ["BELLWETHER_NAMESPACES", "Data"],
    ["LOG_LEVEL", "INFO"],
    ["K_SINK", "broker.svc"],
    ["K_CE_OVERRIDES", "{"],
    ["K_CE_OVERRIDES", '{"extensions":{"Team":"db"}}'],
  ])("%s=%s is refused with the name, the value and what is accepted", (name, value) => {
    const { accepts = "" } = VARIABLES.find((variable) => variable.name === name) ?? {};
    expect(() => readConfig({ ...LOCATED, [name]: value })).toThrow(
      `${name} is "${value}"; accepted: ${accepts.replaceAll("`", "")}`,
    );
  });

  test("all problems are told together, a missing API server among them", () => {
    expect(() => readConfig({ PORT: "x", BELLWETHER_MODE: "y" })).toThrow(
      /PORT is "x".*\nBELLWETHER_MODE is "y".*\nBELLWETHER_API_SERVER is not set/,
    );
  });
});
