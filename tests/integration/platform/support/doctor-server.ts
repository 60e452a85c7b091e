/**
 * A real API server with the real definitions of Knative and KEDA, and nobody else: no controller that would mend or report, no webhook that
 * would refuse. What controllers write of an installation that works, tests write themselves, and then break it.
 */
import { join } from "node:path";
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { createApi, succeed, type Api } from "../../../../infra/lab/api.ts";
import { startControlPlane, type ControlPlane } from "../../../../infra/lab/control-plane.ts";
import { ADMIN } from "../../../../infra/lab/identities.ts";
import { isCrd, readManifests, type CrdManifest } from "../../../../infra/lab/manifests.ts";
import { install } from "../../../../infra/lab/platform/install.ts";
import { kedaDefinitions } from "../../../../infra/lab/platform/keda.ts";
import { EVENTING, manifestsOf, SERVING } from "../../../../infra/lab/platform/knative.ts";
import { ROOT } from "../../../unit/infra/files.ts";

export interface DoctorServer {
  readonly plane: ControlPlane;
  readonly api: Api;
  /** All that are installed. */
  readonly definitions: readonly CrdManifest[];
  /** Where the object is, or will be. @throws when its kind has no definition. */
  readonly pathOf: (object: KubeObject) => Promise<string>;
  readonly stop: () => Promise<void>;
}

interface Discovery {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Asks for each version of an API once. */
const createPaths = (api: Api): DoctorServer["pathOf"] => {
  const known = new Map<string, Promise<Discovery>>();
  return async ({ apiVersion = "", kind = "", metadata }) => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const asked = known.get(root) ?? succeed<Discovery>(api, "GET", root);
    known.set(root, asked);
    const resource = (await asked).resources.find((one) => one.kind === kind && !one.name.includes("/"));
    if (resource === undefined) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
    const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? ""}` : "";
    return `${root}${scope}/${resource.name}/${metadata.name}`;
  };
};

/** Beside that of the installation. */
const NAMESPACES = ["data", "other", "keda", "knative-serving"];

/** Resolves once everything is served. */
export const startDoctorServer = async (): Promise<DoctorServer> => {
  const plane = await startControlPlane();
  // Nobody but the tests says what is Ready.
  plane.kill("kube-controller-manager", "SIGKILL");
  const api = createApi({ server: plane.server, caPem: plane.caPem, token: plane.token(ADMIN) });
  const pathOf = createPaths(api);
  const stop = async (): Promise<void> => {
    api.close();
    await plane.stop();
  };
  try {
    const platform = await Promise.all([manifestsOf(EVENTING), manifestsOf(SERVING), kedaDefinitions()]);
    const definitions = [...platform.flat(), ...readManifests(join(ROOT, "infra/crds"))].filter(isCrd);
    const namespaces = NAMESPACES.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
    await install(api, [...namespaces, ...definitions]);
    // A lab begins with the permissions of all forms.
    for (const shipped of readManifests(join(ROOT, "infra/rbac"))) {
      // oxlint-disable-next-line no-await-in-loop -- a dozen
      await succeed(api, "DELETE", await pathOf(shipped as unknown as KubeObject));
    }
    return { plane, api, definitions, pathOf, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
