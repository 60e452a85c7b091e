/** How a cluster is broken in just one way, and what is to be said of it; and changes that many of them make. */
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import type { Change, Changes } from "./cluster.ts";

/** What is broken, in which form, how, and what is said of it: severity and check, object, field, and a part of `got`. */
export type Case = readonly [string, OverlayName, Change, readonly [string, string, string, string | RegExp]];

export const FUNCTION = "serving Service bellwether";
export const notReady: unknown = {
  status: { conditions: [{ type: "Ready", status: "False", reason: "Broken", message: "why" }] },
};
/** The first container of a Deployment, or of a Service of Knative, with the ports that ours have. */
export const container = (change: object): unknown => {
  const ports = [
    { name: "http", containerPort: 8080 },
    { name: "grpc", containerPort: 9090 },
  ];
  return {
    spec: { template: { spec: { containers: [{ name: "main", image: "example.invalid/main", ports, ...change }] } } },
  };
};
/** Annotations of the pods. */
export const template = (annotations: object): object => ({ spec: { template: { metadata: { annotations } } } });
export const env = (...variables: readonly (readonly [string, string])[]): unknown =>
  container({ env: variables.map(([name, value]) => ({ name, value })) });

/** Arguments of the source as it is shipped. */
export const ARGUMENTS: readonly string[] = [
  "--sink=http://bellwether/",
  "--all-namespaces",
  "--resource=v1/pods",
  "--resource=v1/services",
  "--resource=apps/v1/statefulsets",
  "--resource=app.anukkrit.me/v1/statefulsetlocks",
  "--resource=node-role.bb-noti.io/v1/leaderstatuscheckers",
  "--resource=discovery.k8s.io/v1/endpointslices?endpointslice.kubernetes.io/managed-by=bellwether.dev",
  "--schedule=*/10 * * * * *",
];

/** The source with some of its arguments written in another way, or left out. */
export const source = (instead: Readonly<Record<string, readonly string[]>>): Changes => ({
  "Deployment bellwether-source": container({ args: ARGUMENTS.flatMap((argument) => instead[argument] ?? argument) }),
});
