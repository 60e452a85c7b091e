/**
 * The local source as the image has it: the same command and options, with the pod's service account instead of a kubeconfig, and so
 * without the Kubernetes client, which would be most of the image and of the process.
 */
import { runSource } from "../../events/source/command.ts";
import { createCredentials, locateApiServer } from "../../functions/kit/kube/credentials.ts";
import { accessWith } from "./access.ts";

void runSource(process.argv.slice(2), (kubeconfig) => {
  if (kubeconfig !== undefined) throw new Error(`--kubeconfig: got ${kubeconfig}, accepts nothing in the image`);
  const location = locateApiServer(process.env);
  if (typeof location === "string") throw new Error(location);
  return Promise.resolve(accessWith(createCredentials(location)));
});
