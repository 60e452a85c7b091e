/** InterceptorRoutes of KEDA's HTTP add-on: by which host they know whom a request is for, and where they send it. */
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import type { Installation } from "./installation.ts";
import { functionListener, serviceProblem } from "./services.ts";
import { findService } from "./sinks.ts";
import { nameOf, type Snapshot } from "./snapshot.ts";

interface Route {
  readonly target?: { readonly service?: string; readonly port?: number; readonly portName?: string };
  readonly rules?: readonly { readonly hosts?: readonly string[] }[];
}

const specOf = ({ spec }: KubeObject): Route => spec ?? {};

export const hasHost = (route: KubeObject, host: string): boolean =>
  (specOf(route).rules ?? []).some(({ hosts = [] }) => hosts.includes(host));

/** Why requests do not come to the function that way; undefined: they do. */
export const routeProblem = (
  { own, namespace }: Snapshot,
  installation: Installation,
  route: KubeObject,
): string | undefined => {
  const { service: name = "", port, portName = "" } = specOf(route).target ?? {};
  const service = findService(own.ownServices, { namespace, name });
  const problem =
    service === undefined
      ? `there is no Service ${namespace}/${name}`
      : serviceProblem(service, port ?? portName, functionListener(installation));
  return problem === undefined ? undefined : `${nameOf(route)} leads elsewhere: ${problem}`;
};
