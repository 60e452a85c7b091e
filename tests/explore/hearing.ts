/**
 * Hears which requests explored instances send, and what each of them is called, so that they can be held against those of the shipped flow. A
 * test that does so begins with `vi.mock("../api.ts", ...)` and this in the place of what is mocked.
 */
import type { KubeRequest } from "../../functions/kit/kube/request.ts";
import type * as api from "./api.ts";

/** Requests since it was emptied, those of events that were only looked at included. */
export const asked: KubeRequest[] = [];

export const hearing = (real: typeof api): typeof api => ({
  ...real,
  respondOn: (shelf) => {
    const respond = real.respondOn(shelf);
    return (server, request) => {
      asked.push(request);
      return respond(server, request);
    };
  },
});

/** With its body, but not with the size of a page. */
export const textOf = ({ verb, resource, name, path, body }: KubeRequest): string => {
  const selector = new URLSearchParams(path.split("?")[1]).get("labelSelector") ?? "";
  return `${verb} ${resource.plural} ${name ?? selector} ${JSON.stringify(body) ?? ""}`;
};
