/** Installs forms of installation on a lab as users do, and takes them away again. */
import { KubernetesObjectApi } from "@kubernetes/client-node";
import type { Lab } from "../../../../infra/lab/lab.ts";
import { kubectl } from "../../../../infra/lab/platform/kubectl.ts";
import { folderOf, objectsOf, type OverlayName } from "../golden/overlays.ts";

/** Every lab has these, and everything else needs them. */
const KEPT = new Set(["Namespace", "CustomResourceDefinition"]);

/** Resolves to one line for each object. @throws when the API server refuses or only warns, with what it said. */
export const applyOverlay = async ({ plane }: Lab, name: OverlayName): Promise<readonly string[]> => {
  const how = ["--server-side", "--force-conflicts", "--warnings-as-errors"];
  const said = await kubectl(plane, "apply", ...how, "-k", folderOf(name));
  return said.trim().split("\n");
};

const isMissing = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "code" in error && error.code === 404;

/** Deletes what `applyOverlay` made, but for the namespace and the CRDs. */
export const removeOverlay = async ({ kubeConfig }: Lab, name: OverlayName): Promise<void> => {
  const objects = KubernetesObjectApi.makeApiClient(kubeConfig);
  const made = objectsOf(name).filter(({ kind }) => !KEPT.has(kind));
  await Promise.all(
    made.map(async (object) => {
      try {
        await objects.delete(object);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }),
  );
};
