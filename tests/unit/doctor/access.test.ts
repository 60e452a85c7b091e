/** What the doctor may not see it says, and never takes for good; and who may do what is asked for the accounts that are really used. */
import { describe, expect, test } from "vitest";
import { exitCodeOf } from "../../../infra/doctor/finding.ts";
import type { Account, Permission } from "../../../infra/doctor/snapshot.ts";
import { objectsOf, type OverlayName } from "../../integration/platform/golden/overlays.ts";
import { UNREAD } from "./cases-unread.ts";
import { changed, clusterWith, examineCluster, problemsOf, type Cluster } from "./cluster.ts";

interface Question extends Permission {
  readonly account: string;
  readonly namespace: string | undefined;
}

/** The cluster, with an answer to each question of permission, and the questions. */
const asking = (
  cluster: Cluster,
  answer: (question: Question) => boolean | string,
): { readonly cluster: Cluster; readonly questions: Question[] } => {
  const questions: Question[] = [];
  const may = (account: Account, permission: Permission, namespace: string | undefined): Promise<boolean | string> => {
    const question = { ...permission, account: `${account.namespace}/${account.name}`, namespace };
    questions.push(question);
    return Promise.resolve(answer(question));
  };
  return { cluster: { ...cluster, may }, questions };
};

/** What is to be done where nobody may read Secrets, and the questions about these. */
const secrets = async (
  overlay: OverlayName,
  tls: unknown,
): Promise<{ readonly remedies: readonly string[]; readonly questions: readonly Question[] }> => {
  const asked = asking(clusterWith(overlay), ({ resource }) => resource !== "secrets");
  const cluster = changed(asked.cluster, { "LeaderStatusChecker queue-checker": { spec: { tls } } });
  const problems = await problemsOf(cluster);
  return {
    remedies: problems.map(({ remedy }) => remedy),
    questions: asked.questions.filter(({ resource }) => resource === "secrets"),
  };
};

describe("permissions", () => {
  test("what an account lacks is one finding, with all of it and the command that grants it", async () => {
    const { cluster } = asking(
      clusterWith("standalone"),
      ({ account, verb, resource }) =>
        account !== "bellwether/bellwether" || !(verb === "patch" && resource === "pods"),
    );
    expect(await problemsOf(cluster)).toEqual([
      {
        check: "permissions",
        severity: "error",
        object: "ServiceAccount bellwether/bellwether",
        field: "permissions in all namespaces",
        got: "may not patch pods",
        accepted: "what infra/rbac grants",
        remedy: "kubectl apply -k infra/standalone, or what you made of it (docs/install.md)",
      },
    ]);
  });

  test("each account is asked about in each served namespace, and nowhere else", async () => {
    const { cluster, questions } = asking(clusterWith("keda-push-namespaced"), () => true);
    await examineCluster(cluster);
    expect(new Set(questions.map(({ namespace }) => namespace))).toEqual(new Set(["data"]));
    expect(new Set(questions.map(({ account }) => account))).toEqual(
      new Set(["bellwether/bellwether", "bellwether/bellwether-scaler"]),
    );
  });

  test("the account is the one that the function runs under, whatever it is called", async () => {
    const { cluster, questions } = asking(clusterWith("standalone"), () => true);
    const other = { spec: { template: { spec: { serviceAccountName: "other" } } } };
    await examineCluster(changed(cluster, { "Deployment bellwether": other }));
    expect(questions.filter(({ verb, resource }) => verb === "create" && resource === "leases")).toMatchObject([
      { account: "bellwether/other", group: "coordination.k8s.io" },
    ]);
  });

  test("Secrets are asked for where a checker has TLS, and only there", async () => {
    expect(await secrets("standalone", null)).toEqual({ remedies: [], questions: [] });
    const { questions } = await secrets("standalone", { secretName: "ca" });
    expect(questions).toMatchObject([{ verb: "get", namespace: "data" }]);
  });

  test.each(["standalone", "standalone-namespaced"] as const)(
    "%s: the command that grants Secrets binds a role that is there",
    async (overlay) => {
      const roles = objectsOf(overlay)
        .filter(({ metadata }) => metadata.name === "bellwether-roles-tls")
        .map(({ kind }) => kind.toLowerCase());
      expect((await secrets(overlay, { secretName: "ca" })).remedies).toEqual(
        roles.map(
          (kind) =>
            `kubectl create rolebinding bellwether-roles-tls --${kind}=bellwether-roles-tls --serviceaccount=bellwether:bellwether --namespace data`,
        ),
      );
      expect(roles).toHaveLength(1);
    },
  );

  test("endpointslices/restricted, which few clusters ask for, is worth a warning, and only in route mode", async () => {
    const { cluster } = asking(clusterWith("standalone"), ({ resource }) => resource !== "endpointslices/restricted");
    const problems = await problemsOf(cluster);
    expect(problems.map(({ severity, got }) => [severity, got])).toEqual([
      ["warning", "may not create endpointslices/restricted.discovery.k8s.io"],
    ]);
    expect(await problemsOf(changed(cluster, { "Service store-routed": null }))).toEqual([]);
  });

  test("a caller who may not ask is told so, and nothing is guessed", async () => {
    const { cluster } = asking(clusterWith("standalone"), () => "not allowed to ask");
    const problems = await problemsOf(cluster);
    expect(problems.map(({ severity, check, got }) => [severity, check, got])).toEqual([
      ["unknown", "permissions", "not allowed to ask"],
    ]);
    expect(exitCodeOf(problems)).toBe(2);
  });
});

describe("what cannot be read", () => {
  test.each(UNREAD)("$name", async ({ overlay, change, plurals, isReadIn, view, expected }) => {
    const of = isReadIn === undefined ? "" : "/v1";
    const forbidden = new RegExp(`${of}/(?:${plurals.join("|")})(?:/[^/]+)?$`);
    expect(view(await examineCluster({ ...changed(clusterWith(overlay), change), forbidden }))).toEqual(expected);
  });
});

describe("Kubernetes", () => {
  test.each([
    ["v1.32.9", ["Upgrade the cluster."]],
    ["v1.33.0", []],
    ["v1.36.3+k3s1", []],
    ["v1.37.0", ["It may well work, but nobody has tried: look for a newer release of Bellwether."]],
  ])("%s", async (version, remedies) => {
    const problems = await problemsOf({ ...clusterWith("standalone"), version });
    expect(problems.map(({ remedy }) => remedy)).toEqual(remedies);
    expect(exitCodeOf(problems)).toBe(0);
  });
});
