/** Pods as this bench sees them. */
import { ROLES } from "../../functions/election/labels.ts";
import type { KubeObject } from "../../functions/kit/kube/object.ts";

export const ROLE: string = ROLES.roleLabel;

export const isReady = ({ status }: KubeObject): boolean => {
  const { conditions = [] } = (status ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions.some((condition) => condition.type === "Ready" && condition.status === "True");
};
