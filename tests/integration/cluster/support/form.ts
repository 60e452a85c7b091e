/** The short form of the cluster tests fits into every build; the long one, `npm run test:cluster`, waits for what takes minutes. */
export const isLong: boolean = process.env["CLUSTER_LONG"] === "1";
