/** Reads Prometheus text as the function renders it. */

/** Sum of a metric over all of its labels; 0 when it has not been counted yet. */
export const sumOf = (text: string, name: string): number =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
