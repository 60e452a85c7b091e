/** How Node.js bounds the heap of the function as it is shipped: memory on a large machine would say little about a small pod. */

/**
 * What Node.js chooses by itself inside the memory limit of func.yaml, 192 MiB. Without any limit it lets garbage lie for longer.
 */
export const AS_SHIPPED: Readonly<Record<string, string>> = {
  NODE_OPTIONS: "--max-old-space-size=256 --max-semi-space-size=1",
};
