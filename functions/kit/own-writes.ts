/**
 * Remembers the versions that this instance's own writes produced, and for which group they were made. The event that brings such a
 * version back says nothing new to that group: the run that wrote it has already seen it. To another group it may be news. Only a
 * hint: forgotten versions cost one run that writes nothing.
 */
import { objectOf, type Transport } from "./kube/request.ts";

const REMEMBERED_MAX = 4096;

export interface OwnWrites {
  /** The transport of one run: its patches are remembered as those of the group. */
  sendFor(group: string, send: Transport): Transport;
  /** The group whose run produced this version; undefined: somebody else did. */
  writerOf(uid: string, resourceVersion: string): string | undefined;
}

export const rememberOwnWrites = (): OwnWrites => {
  const writers = new Map<string, string>();
  const remember = (version: string, group: string): void => {
    writers.set(version, group);
    const [oldest] = writers.keys();
    if (writers.size > REMEMBERED_MAX && oldest !== undefined) writers.delete(oldest);
  };
  return {
    sendFor: (group, send) => async (request) => {
      const response = await send(request);
      if (request.verb === "patch" && response.status === 200) {
        const { uid, resourceVersion } = objectOf(response).metadata;
        remember(`${uid}/${resourceVersion}`, group);
      }
      return response;
    },
    writerOf: (uid, resourceVersion) => writers.get(`${uid}/${resourceVersion}`),
  };
};
