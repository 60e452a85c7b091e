/** How an explored history of route mode reads. */
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import type { StatusClass } from "../../../functions/kit/kube/status-class.ts";
import { viewService } from "../../../functions/standby/model.ts";
import { isReadyEndpoint, viewSlice } from "../../../functions/standby/route/model.ts";
import { MANAGER, MANAGER_LABEL } from "../../../functions/standby/route/names.ts";
import type { Write } from "../../../functions/standby/route/requests.ts";
import { EPOCH_ONE } from "../handover/protocol.ts";
import { isReady } from "../handover/script.ts";
import { isMember, podsOf, serviceOf, type RouteServer } from "./server.ts";

const shortly = (key: string): string => key.replace(/^.*\//, "");

export const serviceText = (service: KubeObject): string => {
  const { mode, selector } = viewService(service);
  const keys = Object.keys(selector).map(shortly);
  return `${mode === "route" ? "annotated" : "not annotated"}, selects by ${keys.join(" and ") || "nothing"}`;
};

const endpointsText = (slice: ReturnType<typeof viewSlice>): string =>
  slice.endpoints
    .map((endpoint) => `${endpoint.targetRef?.uid}${isReadyEndpoint(endpoint) ? "" : " not ready"}`)
    .join(" and ") || "nobody";

const sliceText = (raw: KubeObject): string => {
  const slice = viewSlice(raw, EPOCH_ONE);
  const where = `${slice.addressType} to ${endpointsText(slice)}`;
  if (slice.labels[MANAGER_LABEL] !== MANAGER) return `the controller's ${where}`;
  const words = [`${slice.uid} ${where}`, `epoch ${slice.epoch}`, slice.exclusive ? "exclusive" : undefined];
  return words.filter((word) => word !== undefined).join(", ");
};

export const slicesText = (slices: readonly KubeObject[]): string => slices.map(sliceText).join("; ") || "none";

const podText = (pod: KubeObject): string =>
  `${pod.metadata.uid} (${isReady(pod) ? "Ready" : "not Ready"}${isMember(pod) ? "" : ", outside the selector"})`;

export const listText = (pods: readonly KubeObject[]): string => pods.map(podText).join(", ") || "none";

export const writeText = (step: Write): string => {
  switch (step.kind) {
    case "service": {
      const { annotations, selector } = step.change;
      const signed = (texts: Readonly<Record<string, string | null>>): readonly string[] =>
        Object.entries(texts).map(([key, value]) => `${value === null ? "-" : "+"}${shortly(key)}`);
      const selecting = signed(selector).map((text) => `${text} in the selector`);
      return `writes the Service (${[...signed(annotations), ...selecting].join(", ")})`;
    }
    case "delete":
      return `deletes slice ${step.slice.uid} (${step.slice.addressType})`;
    case "write": {
      const { family, holder, epoch } = step.spec;
      const made = step.slice === undefined ? "makes" : `${step.phase}s`;
      return `${made} the ${family} slice for ${holder?.uid ?? "nobody"}, epoch ${epoch}`;
    }
  }
};

export const outcomeText = (outcome: StatusClass): string => (outcome === "ok" ? "ok" : "somebody was faster");

export const routeServerText = (server: RouteServer): string => {
  const ours = server.ours.filter((slice) => slice !== undefined);
  return `Service ${serviceText(serviceOf(server).raw)}; slices: ${slicesText([...ours, ...server.theirs])}; pods: ${listText(podsOf(server))}`;
};
