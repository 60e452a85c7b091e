/**
 * Remembers the resourceVersions that this instance's own writes produced. The event that brings such a version back says
 * nothing new: the run that wrote it has already seen it. Only a hint: forgotten versions cost one run that writes nothing.
 */
import { objectOf, type Transport } from "./kube/request.ts";

const REMEMBERED_MAX = 4096;

export interface OwnWrites {
  readonly send: Transport;
  includes(uid: string, resourceVersion: string): boolean;
}

export const rememberOwnWrites = (send: Transport): OwnWrites => {
  const seen = new Set<string>();
  const remember = (key: string): void => {
    seen.add(key);
    const [oldest] = seen;
    if (seen.size > REMEMBERED_MAX && oldest !== undefined) seen.delete(oldest);
  };
  return {
    send: async (request) => {
      const response = await send(request);
      if (request.verb === "patch" && response.status === 200) {
        const { uid, resourceVersion } = objectOf(response).metadata;
        remember(`${uid}/${resourceVersion}`);
      }
      return response;
    },
    includes: (uid, resourceVersion) => seen.has(`${uid}/${resourceVersion}`),
  };
};
