/** The doctor as a user runs it: the command, with the kubeconfig of somebody who may do what docs/doctor.md says, and no more. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Reported } from "../../../../infra/doctor/finding.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import { kubeconfigFor } from "../../../../infra/lab/identities.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { parseManifests, type Manifest } from "../../../../infra/lab/manifests.ts";
import { install } from "../../../../infra/lab/platform/install.ts";
import { textOf } from "../../../unit/infra/files.ts";

const CLI = path.resolve(import.meta.dirname, "../../../../infra/doctor/cli.ts");

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Of the ClusterRole that the document shows. */
export const documentedRules = (): readonly Rule[] => {
  const [, yaml = ""] = /```yaml\n(?<yaml>[\s\S]*?)```/.exec(textOf("docs/doctor.md")) ?? [];
  const [role] = parseManifests(yaml) as readonly (Manifest & { readonly rules: readonly Rule[] })[];
  if (role === undefined) throw new Error("docs/doctor.md shows no role");
  return role.rules;
};

const RBAC = "rbac.authorization.k8s.io";

type Server = Pick<Lab, "api" | "plane">;

/** An account that may do what the rules say, everywhere. Resolves to the path of its kubeconfig. */
export const createCaller = async ({ api, plane }: Server, name: string, rules: readonly Rule[]): Promise<string> => {
  const subjects = [{ kind: "ServiceAccount", name, namespace: "default" }];
  await install(api, [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "default" } },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects,
    },
  ]);
  const request = `/api/v1/namespaces/default/serviceaccounts/${name}/token`;
  const { status } = await succeed<{ readonly status: { readonly token: string } }>(api, "POST", request, {
    body: { spec: {} },
  });
  const file = path.join(plane.dataDir, `${name}.kubeconfig`);
  await writeFile(file, kubeconfigFor({ name, token: status.token }, plane.server, plane.caPem), { mode: 0o600 });
  return file;
};

export interface Blindness {
  /** Resources. */
  readonly plurals: readonly string[];
  /** A namespace in which the caller sees them all the same. */
  readonly isReadIn?: string;
}

let callers = 0;

/** An account that may do what docs/doctor.md says, but for reading some of it. Resolves to the path of its kubeconfig. */
export const createCallerWithout = async (server: Server, { plurals, isReadIn }: Blindness): Promise<string> => {
  callers += 1;
  const name = `caller-${callers}`;
  const rules = documentedRules().flatMap(({ apiGroups, resources, verbs }) => {
    const left = resources.filter((resource) => !plurals.includes(resource));
    return left.length === 0 ? [] : { apiGroups, resources: left, verbs };
  });
  const kubeconfig = await createCaller(server, name, rules);
  if (isReadIn === undefined) return kubeconfig;
  const metadata = { name, namespace: isReadIn };
  const there = [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list"] }];
  const roleRef = { apiGroup: RBAC, kind: "Role", name };
  const subjects = [{ kind: "ServiceAccount", name, namespace: "default" }];
  await install(server.api, [
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules: there },
    { apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata, roleRef, subjects },
  ]);
  return kubeconfig;
};

export interface Diagnosis {
  readonly code: number;
  readonly works: boolean | null;
  /** Everything but what is fine. */
  readonly problems: readonly Reported[];
}

/** @throws with what it said when it printed no report. */
export const runDoctor = (kubeconfig: string): Promise<Diagnosis> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, "--kubeconfig", kubeconfig, "--output", "json"], (error, out, err) => {
      if (out === "") {
        reject(new Error(err));
        return;
      }
      const { works, findings } = JSON.parse(out) as { works: boolean | null; findings: readonly Reported[] };
      const problems = findings.filter(({ severity }) => severity !== "ok");
      resolve({ code: error === null ? 0 : Number(error.code), works, problems });
    });
  });

/** Severity and check, object, field. */
export const titlesOf = ({ problems }: Diagnosis): readonly string[] =>
  problems.map(({ severity, check, object, field }) => `${severity} ${check}: ${object}: ${field}`);
