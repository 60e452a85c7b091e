/** How a cluster is broken in just one way, and what is to be said of it; and changes that many of them make. */
import type { OverlayName } from "../../integration/platform/golden/overlays.ts";
import type { Changes } from "./cluster.ts";

/** What is broken, in which form, how, and what is said of it: severity and check, object, field, and a part of `got`. */
export type Case = readonly [string, OverlayName, Changes, readonly [string, string, string, string]];

export const FUNCTION = "serving Service bellwether";
export const notReady: unknown = {
  status: { conditions: [{ type: "Ready", status: "False", reason: "Broken", message: "why" }] },
};
export const env = (...variables: readonly (readonly [string, string])[]): unknown => ({
  spec: {
    template: { spec: { containers: [{ name: "main", env: variables.map(([name, value]) => ({ name, value })) }] } },
  },
});
