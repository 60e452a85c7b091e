/** What holds for every form of installation, read from the golden files: what users get. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VARIABLES } from "../../../functions/kit/host/variables.ts";
import { SCALER_VARIABLES } from "../../../infra/keda/scaler/config.ts";
import { DIGEST_FILE, digestOfInputs, objectsOf, OVERLAY_NAMES } from "../../integration/platform/golden/overlays.ts";
import { filesBelow, textOf } from "./files.ts";
import {
  containerOf,
  ofKind,
  periodOf,
  podLabelsOf,
  schedulesOf,
  valueOf,
  workloadsOf,
  type Labels,
} from "./workloads.ts";

const CLUSTER_WIDE = new Set(["CustomResourceDefinition", "Namespace", "ClusterRole", "ClusterRoleBinding"]);

interface Binding {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

interface Policy {
  readonly spec: {
    readonly podSelector: { readonly matchLabels: Labels };
    readonly policyTypes: readonly string[];
    readonly egress?: readonly { readonly to?: unknown; readonly ports?: readonly { readonly port: number }[] }[];
  };
}

interface PlainService {
  readonly spec: {
    readonly selector?: Labels;
    readonly ports?: readonly { readonly targetPort: string }[];
  };
}

const TLS_COMMANDS = [
  ...textOf("docs/leaderstatuschecker.md").matchAll(/^\$ kubectl create rolebinding \S+ (?<role>\S+) /gm),
].map(({ groups }) => groups?.["role"]);

const selects = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

test("the golden files are those of the present manifests: else npm run golden", () => {
  expect(readFileSync(DIGEST_FILE, "utf8").trim()).toBe(digestOfInputs());
});

test("the image's name is written in one place", () => {
  const named = filesBelow("infra", ".yaml").filter((file) => textOf(file).includes("registry.example.com"));
  expect(named).toEqual(["infra/components/common/kustomization.yaml"]);
});

test("every setting of the autoscaler is explained by a comment right above it", () => {
  const settings = filesBelow("infra/knative", ".yaml").flatMap((file) => {
    const lines = textOf(file).split("\n");
    return lines.flatMap((line, index) =>
      /^\s+autoscaling\.knative\.dev\//.test(line) ? [{ file, line, above: lines[index - 1] ?? "" }] : [],
    );
  });
  expect(settings.length).toBeGreaterThan(12);
  expect(settings.filter(({ above }) => !/^\s+# \S/.test(above))).toEqual([]);
});

describe.each(OVERLAY_NAMES)("%s", (name) => {
  const objects = objectsOf(name);
  const workloads = workloadsOf(name);
  const home = workloads[0]?.metadata.namespace ?? "";

  test("keeps everything that runs in one namespace", () => {
    expect(workloads.length).toBeGreaterThan(0);
    const roles = new Set(["Role", "RoleBinding"]);
    const placed = objects.filter(({ kind }) => !CLUSTER_WIDE.has(kind) && !roles.has(kind));
    expect(new Set(placed.map(({ metadata }) => metadata.namespace))).toEqual(new Set([home]));
  });

  test("makes its own namespace refuse pods beyond the restricted Pod Security Standard, and leaves others alone", () => {
    const own = { name: "bellwether", labels: { "pod-security.kubernetes.io/enforce": "restricted" } };
    const namespaces = ofKind(name, "Namespace").map(({ metadata }) => metadata);
    expect(namespaces).toMatchObject(home === "bellwether" ? [own] : []);
    expect(namespaces).toHaveLength(home === "bellwether" ? 1 : 0);
  });

  test("runs every pod under that standard, with a root file system that is read-only", () => {
    for (const { spec } of workloads) {
      const pod = spec.template.spec;
      const allowed = ["hostNetwork", "hostPID", "hostIPC", "volumes", "initContainers"].filter(
        (field) => field in pod,
      );
      expect(allowed).toEqual([]);
      for (const { securityContext } of pod.containers) {
        expect({ ...pod.securityContext, ...securityContext }).toEqual({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          seccompProfile: { type: "RuntimeDefault" },
        });
      }
    }
  });

  test("says what every container needs, and at most gets", () => {
    for (const workload of workloads) {
      const size = {
        cpu: expect.stringMatching(/^\d+m$/) as string,
        memory: expect.stringMatching(/^\d+Mi$/) as string,
      };
      expect(containerOf(workload).resources).toEqual({ requests: size, limits: size });
    }
  });

  test("takes every image from the one place", () => {
    const images = new Set(workloads.flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image)));
    const isExample = name === "standalone-namespaced" || name === "keda-push-unlabelled-pods";
    expect([...images]).toEqual([
      isExample ? "registry.example.com/you/bellwether:0.1.0" : "registry.example.com/bellwether:unreleased",
    ]);
  });

  test("has the accounts that are used, each with a role that is there, and no other", () => {
    const accounts = ofKind(name, "ServiceAccount").map(
      ({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`,
    );
    const used = [
      ...workloads.map(({ spec }) => spec.template.spec.serviceAccountName),
      ...ofKind<{ readonly spec: { readonly serviceAccountName: string } }>(name, "ApiServerSource").map(
        ({ spec }) => spec.serviceAccountName,
      ),
    ].map((account) => `${home}/${account}`);
    expect(accounts.toSorted()).toEqual([...new Set(used)].toSorted());
    const bindings = [...ofKind<Binding>(name, "RoleBinding"), ...ofKind<Binding>(name, "ClusterRoleBinding")];
    const bound = bindings.flatMap(({ subjects }) => subjects.map((subject) => `${subject.namespace}/${subject.name}`));
    expect(bound.toSorted()).toEqual(accounts.toSorted());
    for (const { roleRef, metadata } of bindings) {
      const namespaces = ofKind(name, roleRef.kind)
        .filter((role) => role.metadata.name === roleRef.name)
        .map((role) => role.metadata.namespace);
      expect(namespaces).toEqual([metadata.namespace]);
    }
  });

  test("ticks as often as the function believes, and whoever else has to know", () => {
    const [schedule, ...others] = schedulesOf(name);
    const period = schedule === undefined ? undefined : periodOf(schedule);
    const told = workloads.flatMap((workload) => valueOf(containerOf(workload).env, "BELLWETHER_TICK_SECONDS") ?? []);
    expect(others).toEqual([]);
    // The scaler ticks by the variable itself.
    const expected = name.startsWith("keda-push") ? [60, 60] : [period];
    expect(told.map(Number)).toEqual(expected);
  });

  test("sets only variables that are read", () => {
    const known = new Set([...VARIABLES, ...SCALER_VARIABLES].map((variable) => variable.name));
    const set = workloads.flatMap((workload) => (containerOf(workload).env ?? []).map((variable) => variable.name));
    expect(set.filter((variable) => !known.has(variable))).toEqual([]);
  });

  test("has every pod of ours behind a policy for each direction, and no policy that selects nothing", () => {
    const policies = ofKind<Policy>(name, "NetworkPolicy").map(({ spec }) => spec);
    for (const workload of workloads) {
      const directions = policies
        .filter(({ podSelector }) => selects(podSelector.matchLabels, podLabelsOf(workload)))
        .flatMap(({ policyTypes }) => policyTypes);
      expect(new Set(directions)).toEqual(new Set(["Ingress", "Egress"]));
    }
    const idle = policies.filter(
      ({ podSelector }) => !workloads.some((workload) => selects(podSelector.matchLabels, podLabelsOf(workload))),
    );
    expect(idle).toEqual([]);
  });

  test("lets DNS out on the ports on which its pods listen: Kubernetes', OpenShift's, Gardener's", () => {
    const out = ofKind<Policy>(name, "NetworkPolicy").find(({ metadata }) => metadata.name === "bellwether-out");
    const anywhere = (out?.spec.egress ?? []).filter(({ to }) => to === undefined);
    const ports = anywhere.flatMap((rule) => (rule.ports ?? []).map(({ port }) => port));
    expect(ports).toEqual(expect.arrayContaining([53, 5353, 8053]));
  });

  test("has the role that a command of docs/leaderstatuschecker.md lets the function read Secrets by", () => {
    const roles = [...ofKind(name, "Role"), ...ofKind(name, "ClusterRole")]
      .filter(({ metadata }) => metadata.name === "bellwether-roles-tls")
      .map(({ kind }) => kind);
    expect(roles).toHaveLength(1);
    expect(TLS_COMMANDS).toContain(`--${roles[0]?.toLowerCase()}=bellwether-roles-tls`);
  });

  test("has Services only for pods that are there, on ports that they name", () => {
    for (const { spec } of ofKind<PlainService>(name, "Service", "v1")) {
      const { selector, ports = [] } = spec;
      if (selector === undefined) continue;
      const backing = workloads.filter((workload) => selects(selector, podLabelsOf(workload)));
      const names = backing.flatMap((workload) => (containerOf(workload).ports ?? []).map((port) => port.name));
      expect(names).toEqual(expect.arrayContaining(ports.map(({ targetPort }) => targetPort)));
    }
  });

  test("leaves Secrets alone, save in the role that is bound to nobody", () => {
    const roles = [...ofKind(name, "Role"), ...ofKind(name, "ClusterRole")];
    const reading = roles.filter((role) => JSON.stringify(role).includes("secrets"));
    expect(reading.map(({ metadata }) => metadata.name)).toEqual(["bellwether-roles-tls"]);
    expect(JSON.stringify(ofKind(name, "ApiServerSource"))).not.toContain("Secret");
  });
});
