/** Lease and Event times: RFC 3339 with exactly six decimals, anything else is refused by the API server with 400. */
export const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace("Z", "000Z");

/** Condition and metadata times: RFC 3339 with whole seconds. */
export const secondTime = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
