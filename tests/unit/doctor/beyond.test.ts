/** What lies beyond the manifests, and beyond the namespaces that are served: it is told, and never taken for what it may not be. */
import { describe, expect, test } from "vitest";
import { container } from "./cases.ts";
import { changed, clusterWith, examineCluster, nameOf, problemsOf, type Changes, type Cluster } from "./cluster.ts";

/** The function has the variable from a ConfigMap. */
const hidden = (name: string): Changes => {
  const variable = { name, valueFrom: { configMapKeyRef: { name: "c", key: "k" } } };
  return { "Deployment bellwether": container({ env: [variable] }) };
};

describe("what the manifest does not say itself", () => {
  test.each([
    [
      "BELLWETHER_NAMESPACES",
      ["permissions", "streams", "leases", "records", "conditions", "standby", "followers", "probes"],
    ],
    ["BELLWETHER_TICK_SECONDS", ["ticks", "leases", "records"]],
    ["PORT", ["sources"]],
  ])("%s: nothing is judged by it, and that is said", async (name, blind) => {
    const cluster = clusterWith("standalone");
    const findings = await examineCluster(changed(cluster, hidden(name)));
    const checks = (await examineCluster(cluster)).map(({ check }) => check);
    expect(checks).toEqual(expect.arrayContaining(blind));
    expect(findings.filter(({ check }) => blind.includes(check))).toEqual([]);
    expect(findings.find(({ severity }) => severity === "unknown")).toMatchObject({ check: "settings", field: name });
  });

  test("hides nothing of what it does say: a function that only observes", async () => {
    const env = [{ name: "BELLWETHER_MODE", value: "observe" }];
    const broken = { "Deployment bellwether": container({ env, envFrom: [{ secretRef: { name: "s" } }] }) };
    const problems = await problemsOf(changed(clusterWith("standalone"), broken));
    expect(problems.map(({ severity, field }) => `${severity} ${field}`)).toEqual([
      "unknown envFrom",
      "error BELLWETHER_MODE",
    ]);
  });
});

/** What is said of a lock in a namespace that an installation for another one does not serve. */
const strayProblems = async (status: unknown, more: Partial<Cluster> = {}): Promise<readonly string[]> => {
  const cluster = clusterWith("standalone-namespaced");
  const objects = cluster.objects.flatMap((object) =>
    nameOf(object) === "StatefulSetLock db-lock"
      ? [object, { ...object, metadata: { ...object.metadata, namespace: "other", uid: "stray" }, status }]
      : object,
  );
  const problems = await problemsOf({ ...cluster, objects, ...more });
  return problems.map(({ severity, check, object, field }) => `${severity} ${check}: ${object} ${field}`);
};

describe("locks of namespaces that are not served", () => {
  test("are told where nobody looks at them", async () => {
    expect(await strayProblems(undefined)).toEqual([
      "warning conditions: StatefulSetLock other/db-lock metadata.namespace",
    ]);
  });

  test("are left alone where another installation looks at them", async () => {
    const status = { conditions: [{ type: "Available", status: "False", reason: "NobodyLeads", message: "" }] };
    expect(await strayProblems(status)).toEqual([]);
  });

  test("are no business of whoever may not list them", async () => {
    const forbidden = /\/v1\/(?:statefulsetlocks|leaderstatuscheckers)$/;
    expect(await strayProblems(undefined, { forbidden })).toEqual([]);
  });
});
