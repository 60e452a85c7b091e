/** Whether the accounts of function, sources and scaler may do what the code behind them does. */
import type { Check } from "../check.ts";
import { settingsOf } from "../environment.ts";
import { error, unknown, warning, type Finding } from "../finding.ts";
import { applyCommand, type Installation } from "../installation.ts";
import { RESTRICTED } from "../permissions.ts";
import type { Review } from "../snapshot.ts";

const groupKey = ({ account, namespace }: Review): string => `${account.namespace}/${account.name} ${namespace ?? ""}`;

/** `get, list pods; patch leases.coordination.k8s.io`. */
const permissionsText = (reviews: readonly Review[]): string =>
  [...Map.groupBy(reviews, ({ resource, group }) => (group === "" ? resource : `${resource}.${group}`))]
    .map(([resource, needed]) => `${needed.map(({ verb }) => verb).join(", ")} ${resource}`)
    .join("; ");

const placeText = (namespace: string | undefined): string =>
  namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`;

const remedyOf = ([review]: readonly Review[], installation: Installation): string => {
  if (review?.resource !== "secrets") return `${applyCommand(installation)}, or what you made of it (docs/install.md)`;
  const { namespace = "", account } = review;
  const settings = settingsOf(installation.fn);
  // The component namespaced makes a Role of it, in each namespace.
  const kind = typeof settings === "string" || settings.namespaces.length === 0 ? "clusterrole" : "role";
  return `kubectl create rolebinding bellwether-roles-tls --${kind}=bellwether-roles-tls --serviceaccount=${account.namespace}:${account.name} --namespace ${namespace}`;
};

const missing = (reviews: readonly Review[], installation: Installation): readonly Finding[] => {
  const [review] = reviews;
  if (review === undefined) return [];
  const told = {
    object: `ServiceAccount ${review.account.namespace}/${review.account.name}`,
    field: `permissions ${placeText(review.namespace)}`,
    got: `may not ${permissionsText(reviews)}`,
    accepted: "what infra/rbac grants",
    remedy: remedyOf(reviews, installation),
  };
  // Most clusters do not ask for it.
  return [review.resource === RESTRICTED ? warning(told) : error(told)];
};

const unasked = (reviews: readonly Review[]): readonly Finding[] => {
  const reasons = new Set(reviews.flatMap(({ allowed }) => (typeof allowed === "string" ? allowed : [])));
  const accounts = new Set(reviews.map(({ account }) => `${account.namespace}/${account.name}`));
  return [...reasons].map((reason) =>
    unknown({
      object: `ServiceAccount ${[...accounts].join(", ")}`,
      field: "permissions",
      got: reason,
      accepted: "a caller who may create SubjectAccessReviews, or impersonate the accounts",
      remedy: "Run the doctor as an administrator of the cluster, or of this namespace.",
    }),
  );
};

/** Whoever may not make slices at all is told of that, and not of what comes on top. */
const isOnTop = (review: Review, denied: readonly Review[]): boolean =>
  review.resource === RESTRICTED &&
  denied.some((other) => other.resource === "endpointslices" && groupKey(other) === groupKey(review));

/** Permissions with a finding of their own, because they have a remedy of their own. */
const isApart = ({ resource }: Review): boolean => resource === "secrets" || resource === RESTRICTED;

export const permissions: Check = {
  name: "permissions",
  reads: ["BELLWETHER_NAMESPACES", "BELLWETHER_ROLES_NAMESPACES"],
  fine: "the accounts of function, sources and scaler may do what they have to do",
  run: ({ reviews }, installation) => {
    if (installation === undefined) return undefined;
    const denied = reviews.filter(({ allowed }) => allowed === false);
    const groups = [
      ...Map.groupBy(
        denied.filter((review) => !isApart(review)),
        groupKey,
      ).values(),
      ...denied.filter((review) => isApart(review) && !isOnTop(review, denied)).map((review) => [review]),
    ];
    return [
      ...groups.flatMap((group) => missing(group, installation)),
      ...unasked(reviews.filter(({ allowed }) => typeof allowed === "string")),
    ];
  },
};
