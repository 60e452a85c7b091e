/** The names that users of active/standby Services know, kept from the controller that this replaces, and ours beside them. */
import type { RoleNames } from "../kit/handover/names.ts";

export const ROLES: RoleNames = {
  feature: "standby",
  roleLabel: "qoqo.dev/pod-designation",
  leader: "active",
  follower: null,
};

/** On a Service: opts in, with exactly this value. */
export const MODE_ANNOTATION = "qoqo.dev/service-mode";
export const MODE_VALUE = "active-standby";

/** On a Service that opted in: traffic follows an EndpointSlice of ours instead of a label, with exactly this value. */
export const ROUTE_ANNOTATION = "bellwether.dev/route";
export const ROUTE_VALUE = "slice";

/**
 * On a Service, as JSON: its selector without what label mode added. There from the moment of the cut-over until the selector is as it
 * was: it marks what label mode has to take back, and from which group.
 */
export const ORIGINAL_ANNOTATION = "bellwether.dev/original-selector";

/**
 * On a Service, as JSON: its selector without what route mode added. There from before the first slice of ours until after the last one
 * is gone. While it is there label mode leaves the Service alone, and while `ORIGINAL_ANNOTATION` is there route mode does.
 */
export const ROUTED_ANNOTATION = "bellwether.dev/routed-selector";
/** The selector key that route mode adds to a Service, and no pod carries: the controllers empty their own slices. */
export const ROUTED_KEY = "bellwether.dev/routed";
