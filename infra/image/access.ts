/** The API server as `events/source` wants it, reached with what the function's own calls use: no Kubernetes client in the image. */
import type { KubeAccess } from "../../events/source/cluster.ts";
import type { Credentials } from "../../functions/kit/kube/credentials.ts";

/** Token and certificates are asked for at each request, so that they may rotate. */
export const accessWith = ({ server, ca, token }: Credentials): KubeAccess => ({
  getCurrentCluster: () => ({ name: "cluster", server, skipTLSVerify: false }),
  applyToHTTPSOptions: (options) => {
    options.ca = ca();
    const bearer = token();
    if (bearer !== undefined) options.headers = { ...options.headers, authorization: `Bearer ${bearer}` };
    return Promise.resolve();
  },
});
