/** The short form of the cluster tests fits into a build; the long one waits for what takes minutes, and is run by whoever changes what it is about. */
export const isLong: boolean = process.env["CLUSTER_LONG"] === "1";
