/** The function as a Deployment that KEDA scales. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { waitFor } from "../../support/fixture.ts";

/** As the golden files name it. */
export const IMAGE = "registry.example.com/bellwether:unreleased";

/** For everything that takes polls and pauses of KEDA. */
const patienceMs = 60_000;

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number };
}

interface ScaledObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Resolves once `until` holds for our Deployment of that name. @throws after a minute, with what was last seen. */
export const waitForDeployment = (lab: Lab, name: string, until: (found: Deployment) => boolean): Promise<unknown> =>
  waitFor<Deployment>(lab, {
    path: "/apis/apps/v1/namespaces/bellwether/deployments",
    until: (all) => all.some((found) => found.metadata.name === name && until(found)),
    deadlineMs: patienceMs,
  });

/** No instance of the function is wanted, and none is left. */
export const asleep = (lab: Lab): Promise<unknown> =>
  waitForDeployment(lab, "bellwether", ({ spec, status }) => spec.replicas === 0 && (status?.replicas ?? 0) === 0);

/** KEDA's operator has made its peace with our ScaledObject. */
export const scaledObjectIsReady = (lab: Lab): Promise<unknown> =>
  waitFor<ScaledObject>(lab, {
    path: "/apis/keda.sh/v1alpha1/namespaces/bellwether/scaledobjects",
    until: (all) =>
      all.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")),
    deadlineMs: patienceMs,
  });
