/**
 * The CloudEvent by which an application says that one of its pods leads now. It is a hint like any other event: whoever gets it
 * asks the pod before believing it, so that it carries no more than the pod's name.
 */
import { randomUUID } from "node:crypto";
import { objectPath, ROLE_CLAIMED } from "../../events/names.ts";
import { post, type PostResult } from "../../events/post.ts";

export interface Claimant {
  /** URL that takes CloudEvents. */
  readonly sink: string;
  readonly namespace: string;
  readonly pod: string;
}

/** One attempt in binary mode; never rejects. */
export const claimRole = ({ sink, namespace, pod }: Claimant): Promise<PostResult> =>
  post({
    url: new URL(sink),
    headers: {
      "ce-specversion": "1.0",
      "ce-type": ROLE_CLAIMED,
      "ce-id": randomUUID(),
      "ce-source": objectPath({ apiVersion: "v1", kind: "Pod", namespace, name: pod }),
      "ce-namespace": namespace,
      "ce-name": pod,
      "content-type": "application/json",
    },
    body: "{}",
  });
