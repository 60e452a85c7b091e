/** What the platform of the lab makes of released manifests and of pods, before anything runs. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environmentOf, fieldsOf, type RunnablePod } from "../../../infra/lab/platform/container.ts";
import { throughPort } from "../../../infra/lab/platform/install.ts";
import { mainModule, moduleFolder, PARTS, pinnedVersion } from "../../../infra/lab/versions.ts";

describe("pinned modules", () => {
  test.each(Object.values(PARTS))("build $name out of checked-in versions and sums", ({ family, goPackage }) => {
    const goMod = readFileSync(join(moduleFolder(family), "go.mod"), "utf8");
    expect(goMod.split("\n").some((line) => line.replace("tool", "").trim() === goPackage)).toBe(true);
    const sums = readFileSync(join(moduleFolder(family), "go.sum"), "utf8");
    expect(sums).toContain(`${mainModule(family)} ${pinnedVersion(family)} h1:`);
  });

  test.each(["kube-apiserver", "kube-controller-manager"] as const)(
    "of the oldest Kubernetes build %s, too",
    (name) => {
      const folder = moduleFolder("kubernetes-oldest");
      expect(readFileSync(join(folder, "go.mod"), "utf8")).toContain(`\t${PARTS[name].goPackage}\n`);
      const sum = `${mainModule("kubernetes-oldest")} ${pinnedVersion("kubernetes-oldest")} h1:`;
      expect(readFileSync(join(folder, "go.sum"), "utf8")).toContain(sum);
    },
  );

  test("the stand-ins for what cannot be had everywhere are beside the module that needs them", () => {
    const replaced = readFileSync(join(moduleFolder("func"), "go.mod"), "utf8").matchAll(/=> (\.\/\S+)/g);
    const folders = [...replaced].map(([, folder = ""]) => folder);
    expect(folders).toHaveLength(2);
    expect(folders.filter((folder) => !existsSync(join(moduleFolder("func"), folder, "go.mod")))).toEqual([]);
  });
});

describe("a webhook's reference to its Service", () => {
  const service = { name: "webhook", namespace: "system" };
  const metadata = { name: "any" };

  test("gets the port on this machine, in webhook configurations and in conversions", () => {
    const webhooks = [{ name: "a", clientConfig: { service } }];
    const configured = throughPort({ apiVersion: "v1", kind: "Any", metadata, webhooks }, 8443);
    expect(configured["webhooks"]).toEqual([{ name: "a", clientConfig: { service: { ...service, port: 8443 } } }]);
    const spec = { conversion: { webhook: { clientConfig: { service } } } };
    const converted = throughPort({ apiVersion: "v1", kind: "Any", metadata, spec }, 8443);
    expect(converted["spec"]).toEqual({
      conversion: { webhook: { clientConfig: { service: { ...service, port: 8443 } } } },
    });
  });

  test("gets the certificate of whoever has none of its own", () => {
    const webhooks = [{ clientConfig: { service } }];
    const configured = throughPort({ apiVersion: "v1", kind: "Any", metadata, webhooks }, 1, "PEM");
    expect(configured["webhooks"]).toEqual([{ clientConfig: { service: { ...service, port: 1 }, caBundle: "UEVN" } }]);
  });

  test("is left alone elsewhere", () => {
    const manifest = {
      apiVersion: "v1",
      kind: "Any",
      metadata,
      spec: { sink: { service }, clientConfig: { url: "u" } },
    };
    expect(throughPort(manifest, 1)).toEqual(manifest);
  });
});

const from = (fieldPath: string): object => ({ fieldRef: { fieldPath } });

describe("a container's environment", () => {
  const pod: RunnablePod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "n", uid: "u", resourceVersion: "1" },
    spec: { containers: [], serviceAccountName: "account" },
  };
  const fields = fieldsOf(pod);
  const container = { name: "c", image: "i" };
  test("has the values and the fields of the pod, and an empty text where neither is said", () => {
    const env = [
      { name: "PLAIN", value: "1" },
      { name: "EMPTY" },
      { name: "POD", value: "", valueFrom: from("metadata.name") },
      { name: "ACCOUNT", valueFrom: from("spec.serviceAccountName") },
    ];
    expect(environmentOf({ ...container, env }, fields)).toEqual({
      PLAIN: "1",
      EMPTY: "",
      POD: "p",
      ACCOUNT: "account",
    });
  });

  test("leaves references to ConfigMaps out", () => {
    const env = [{ name: "IMAGE", valueFrom: { configMapKeyRef: { name: "images", key: "x" } } }];
    expect(environmentOf({ ...container, env }, fields)).toEqual({});
  });

  test("refuses a field that nobody knows yet, naming those that are known", () => {
    const env = [{ name: "IP", valueFrom: from("status.podIP") }];
    expect(() => environmentOf({ ...container, env }, fields)).toThrow(
      "container c: IP refers to status.podIP, which must be one of metadata.name, metadata.namespace, metadata.uid, spec.serviceAccountName",
    );
  });
});
