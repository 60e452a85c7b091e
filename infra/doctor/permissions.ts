/** Which account needs which permissions where: the shipped roles, for the accounts that the parts of the installation really use. */
import { join } from "node:path";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { viewChecker } from "../../functions/roles/model.ts";
import { viewService } from "../../functions/standby/model.ts";
import { readManifests } from "../lab/manifests.ts";
import { installationOf, type Installation } from "./installation.ts";
import type { Account, Permission, Review, Snapshot } from "./snapshot.ts";

type Needed = Omit<Review, "allowed">;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = readManifests(join(import.meta.dirname, "../rbac"));

/** Of a ClusterRole of infra/rbac, which grants what the code sends and nothing else. */
const shippedRole = (name: string): readonly Permission[] => {
  const role = RBAC.find(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === name);
  const { rules = [] } = (role ?? {}) as { readonly rules?: readonly Rule[] };
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => ({ verb, group, resource })))),
  );
};

/** Asked for by some distributions only, and by one mode of one feature. */
export const RESTRICTED = "endpointslices/restricted";

const functionPermissions = ({ led }: Snapshot): readonly Permission[] => {
  const isRouting = led.services.some((service) => viewService(service).mode === "route");
  return shippedRole("bellwether").filter(({ resource }) => resource !== RESTRICTED || isRouting);
};

const accountsOfSources = ({ namespace, own }: Snapshot, { source }: Installation): readonly Account[] => {
  const names = own.apiServerSources.map(
    ({ spec }: KubeObject) =>
      ((spec ?? {}) as { readonly serviceAccountName?: string }).serviceAccountName ?? "default",
  );
  const all = [...names, ...(source === undefined ? [] : [source.account.name])];
  return [...new Set(all)].map((name) => ({ namespace, name }));
};

/** Secrets, where a checker is to be asked over TLS. */
const neededForTls = ({ led, now }: Snapshot, account: Account): readonly Needed[] => {
  const namespaces = led.checkers
    .map((checker) => viewChecker(checker, now))
    .filter(({ tls }) => tls !== undefined)
    .map((checker) => checker.namespace);
  return [...new Set(namespaces)].map((namespace) => ({
    account,
    namespace,
    verb: "get",
    group: "",
    resource: "secrets",
  }));
};

/** `scopes`: the namespaces that are served; undefined: all of them. */
export const neededPermissions = (snapshot: Snapshot, scopes: readonly (string | undefined)[]): readonly Needed[] => {
  const installation = installationOf(snapshot);
  if (installation === undefined) return [];
  const { fn, scaler } = installation;
  const everywhere = (account: Account, permissions: readonly Permission[]): readonly Needed[] =>
    scopes.flatMap((namespace) => permissions.map((permission) => ({ account, namespace, ...permission })));
  return [
    ...everywhere(fn.account, functionPermissions(snapshot)),
    ...accountsOfSources(snapshot, installation).flatMap((account) =>
      everywhere(account, shippedRole("bellwether-sources")),
    ),
    ...(scaler === undefined ? [] : everywhere(scaler.account, shippedRole("bellwether-scaler"))),
    ...neededForTls(snapshot, fn.account),
  ];
};
