/** Says in place of Serving's controller, for each Service, that it is Ready and where it is reached. */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import { succeed } from "../../../../infra/lab/api.ts";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { listWatch, type ListWatchEvent } from "../../../../infra/lab/list-watch.ts";

const API = "/apis/serving.knative.dev/v1";

const merge = { contentType: "application/merge-patch+json" } as const;

interface Service extends KubeObject {
  readonly status?: { readonly observedGeneration?: number };
}

/** Until `signal` is aborted. The Route of the same name, of which func reads the address, is made with it. */
export const reportServicesReady = async ({ api, kubeConfig }: Lab, signal: AbortSignal): Promise<void> => {
  const report = async ({ metadata }: Service): Promise<void> => {
    const { name, namespace = "", generation } = metadata;
    const url = `http://${name}.${namespace}.svc.cluster.local`;
    const routes = `${API}/namespaces/${namespace}/routes`;
    const lastTransitionTime = new Date().toISOString();
    const conditions = [{ type: "Ready", status: "True", lastTransitionTime }];
    const body = { status: { observedGeneration: generation, conditions, url, address: { url } } };
    const spec = { traffic: [{ configurationName: name, latestRevision: true, percent: 100 }] };
    await succeed(api, "POST", routes, {
      body: { apiVersion: "serving.knative.dev/v1", kind: "Route", metadata: { name }, spec },
    });
    await succeed(api, "PATCH", `${routes}/${name}/status`, { body: { status: { url } }, ...merge });
    await succeed(api, "PATCH", `${API}/namespaces/${namespace}/services/${name}/status`, { body, ...merge });
  };
  const onEvent = ({ type, object }: ListWatchEvent<Service>): void => {
    if (type === "ADDED") void report(object);
  };
  await listWatch({ kubeConfig, path: `${API}/services`, onEvent, signal });
};
