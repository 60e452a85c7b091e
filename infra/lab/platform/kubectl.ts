/** The real kubectl against a lab, as the README tells its reader to use it. */
import { findBinary } from "../binaries.ts";
import { runCommand } from "../command.ts";
import type { ControlPlane } from "../control-plane.ts";
import { ADMIN } from "../identities.ts";
import { logToStderr } from "../progress.ts";

/** Runs it as administrator and resolves to what it prints. @throws with what it says when it fails. */
export const kubectl = async (
  plane: Pick<ControlPlane, "kubeconfig" | "dataDir">,
  ...args: readonly string[]
): Promise<string> => {
  const file = await findBinary("kubectl", { log: logToStderr });
  // Its caches belong to the lab, not to the user.
  return runCommand(file, args, { isLocal: true, env: { KUBECONFIG: plane.kubeconfig(ADMIN), HOME: plane.dataDir } });
};

/** What `kubectl kustomize` makes of a folder; needs no lab. */
export const renderKustomization = async (folder: string): Promise<string> =>
  runCommand(await findBinary("kubectl", { log: logToStderr }), ["kustomize", folder]);
