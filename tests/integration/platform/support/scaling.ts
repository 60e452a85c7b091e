/** The function as a Deployment that KEDA scales. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { ourImage } from "../../../../infra/lab/platform/image.ts";
import type { Program } from "../../../../infra/lab/platform/pod-runner.ts";
import { freePort } from "../../../../infra/lab/ports.ts";
import { waitFor } from "../../support/fixture.ts";
import { patch } from "../../support/objects.ts";

/** As the golden files name it. */
export const IMAGE = "registry.example.com/bellwether:unreleased";

/** Where everything is installed that does not say otherwise. */
const HOME = "bellwether";

const deployments = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments`;

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
export const waitForDeployment = (
  lab: Lab,
  name: string,
  until: (found: Deployment) => boolean,
  namespace: string = HOME,
): Promise<unknown> =>
  waitFor<Deployment>(lab, {
    path: deployments(namespace),
    until: (all) => all.some((found) => found.metadata.name === name && until(found)),
    deadlineMs: patienceMs,
  });

const isAtZero = ({ spec, status }: Deployment): boolean => spec.replicas === 0 && (status?.replicas ?? 0) === 0;

/** No instance of the function is wanted, and none is left. */
export const asleep = (lab: Lab, namespace: string = HOME): Promise<unknown> =>
  waitForDeployment(lab, "bellwether", isAtZero, namespace);

/** As `asleep`, without waiting for KEDA, which leaves at zero what it finds there until there is work. */
export const putToSleep = async (lab: Lab): Promise<void> => {
  await patch(lab, `${deployments(HOME)}/bellwether`, { spec: { replicas: 0 } });
  await asleep(lab);
};

/** Takes the scaler away and resolves once it is gone. */
export const stopScaler = async (lab: Lab, namespace: string): Promise<void> => {
  const name = "bellwether-scaler";
  await patch(lab, `${deployments(namespace)}/${name}`, { spec: { replicas: 0 } });
  await waitForDeployment(lab, name, isAtZero, namespace);
};

/** KEDA's operator has made its peace with our ScaledObject. */
export const scaledObjectIsReady = (lab: Lab, namespace: string = HOME): Promise<unknown> =>
  waitFor<ScaledObject>(lab, {
    path: `/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects`,
    until: (all) =>
      all.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")),
    deadlineMs: patienceMs,
  });

/** The image's processes on ports of this machine, the scaler aimed at the function. */
export const scaledProgram = async (
  { plane }: Lab,
  image: string = IMAGE,
): Promise<{ readonly program: Program; readonly scalerPort: number }> => {
  const [functionPort, scalerPort] = [await freePort(), await freePort()];
  const addresses = {
    function: { PORT: String(functionPort) },
    scaler: {
      BELLWETHER_SCALER_PORT: String(scalerPort),
      BELLWETHER_FUNCTION_URL: `http://127.0.0.1:${functionPort}/`,
    },
  };
  return { program: await ourImage(plane, { image, addresses }), scalerPort };
};
