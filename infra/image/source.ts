/**
 * The local source as the image has it: the same command and options, with the pod's service account instead of a kubeconfig, and so
 * without the Kubernetes client, which would be most of the image and of the process. It waits for an API server that is away.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { connectCluster, StatusError, type KubeAccess } from "../../events/source/cluster.ts";
import { runSource } from "../../events/source/command.ts";
import { createCredentials, locateApiServer } from "../../functions/kit/kube/credentials.ts";
import { accessWith } from "./access.ts";

const DEADLINE_MS = 5_000;
const PAUSE_MS = 1_000;

/** Why it is not ready; undefined: it is, or does not tell whoever asks. */
const problemOf = async (access: KubeAccess): Promise<string | undefined> => {
  try {
    const answer = await connectCluster(access).open("/readyz", AbortSignal.timeout(DEADLINE_MS));
    answer.resume();
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError)) return String(error);
    return error.status >= 500 || error.status === 429 ? `status ${error.status}` : undefined;
  }
};

/**
 * After a restart of the whole cluster the server may come later than this process. One that ended then would be started again only after
 * pauses that grow to five minutes, and neither events nor ticks would come meanwhile.
 */
const whenReady = async (access: KubeAccess, told?: string): Promise<KubeAccess> => {
  const problem = await problemOf(access);
  if (problem === undefined) return access;
  if (problem !== told) process.stderr.write(`waiting for the API server: ${problem}\n`);
  await sleep(PAUSE_MS);
  return whenReady(access, problem);
};

void runSource(process.argv.slice(2), (kubeconfig) => {
  if (kubeconfig !== undefined) throw new Error(`--kubeconfig: got ${kubeconfig}, accepts nothing in the image`);
  const location = locateApiServer(process.env);
  if (typeof location === "string") throw new Error(location);
  return whenReady(accessWith(createCredentials(location)));
});
