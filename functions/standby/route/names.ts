/**
 * The names of route mode on EndpointSlices and Services: those that Kubernetes gives a meaning, and ours.
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */

/** Label of every slice of a Service: proxies and DNS find it by this. */
export const SERVICE_LABEL = "kubernetes.io/service-name";
/** Label: each controller leaves the slices of the others alone. */
export const MANAGER_LABEL = "endpointslice.kubernetes.io/managed-by";
export const MANAGER = "bellwether.dev";
/** The controller that fills the slices of Services with a selector. */
export const SELECTOR_CONTROLLER = "endpointslice-controller.k8s.io";
/** Label of the slices of Services without a cluster IP: proxies pass over them. */
export const HEADLESS_LABEL = "service.kubernetes.io/headless";

/** Label of our slices: the record, or the slice of the other family, which follows it. */
export const PART_LABEL = "bellwether.dev/route";

export type Part = "record" | "second";

/** On our slices, beside the epoch and the holder's uid: the name of the active pod. */
export const HOLDER_ANNOTATION = "bellwether.dev/holder";
/** On the record: uid of the only slice of the other family that may name the same pod. */
export const SECOND_ANNOTATION = "bellwether.dev/second-uid";
/**
 * Label of the Service, which its controllers copy to their slices, and annotation of ours: the last change of the selector by us (`turn.ts`).
 */
export const TURN = "bellwether.dev/route-turn";
/** On the record: the cut-over of its turn has ended; while that is the Service's, no other slice of the Service leads anywhere. */
export const EXCLUSIVE_ANNOTATION = "bellwether.dev/exclusive";
export const EXCLUSIVE_VALUE = "true";

/** Value of the selector key that is added to the Service. */
export const ROUTED_VALUE = "slice";
/** On the Service: the last epoch that was reported; it outlives a slice that somebody deletes. */
export const ROUTED_EPOCH_ANNOTATION = "bellwether.dev/routed-epoch";
