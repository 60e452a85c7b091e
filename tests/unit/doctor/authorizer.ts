/** Who may do what in the in-memory cluster, decided as RBAC does from the roles and bindings that are there. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { Access } from "../../../infra/doctor/access.ts";
import type { Account, Permission } from "../../../infra/doctor/snapshot.ts";

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends KubeObject {
  readonly rules?: readonly Rule[];
}

interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

const isBinding = (object: KubeObject): object is Binding =>
  object.kind === "ClusterRoleBinding" || object.kind === "RoleBinding";

const binds = ({ subjects = [] }: Binding, { namespace, name }: Account): boolean =>
  subjects.some(
    (subject) => subject.kind === "ServiceAccount" && subject.name === name && subject.namespace === namespace,
  );

const grants = ({ rules = [] }: Role, { verb, group, resource }: Permission): boolean =>
  rules.some(
    ({ apiGroups, resources, verbs }) =>
      apiGroups.includes(group) && resources.includes(resource) && verbs.includes(verb),
  );

/** A binding without a namespace counts in all of them. https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export const authorizer =
  (objects: readonly KubeObject[]): Access["may"] =>
  (account, permission, namespace) => {
    const isGranted = objects
      .filter(isBinding)
      .filter(({ metadata }) => metadata.namespace === undefined || metadata.namespace === namespace)
      .filter((binding) => binds(binding, account))
      .some(({ roleRef, metadata }) =>
        objects.some(
          (role) =>
            role.kind === roleRef.kind &&
            role.metadata.name === roleRef.name &&
            role.metadata.namespace === (roleRef.kind === "ClusterRole" ? undefined : metadata.namespace) &&
            grants(role, permission),
        ),
      );
    return Promise.resolve(isGranted);
  };
