/** Why something failed is said also where cleaning up fails after it. */
import { expect, test } from "vitest";
import { undone } from "../../../infra/lab/node/undone.ts";

const failure = new Error("the API server ended");
const fail = (): Promise<never> => Promise.reject(new Error("a mount is busy"));

test("a failure that was undone is thrown as it is", async () => {
  await expect(undone(failure, () => Promise.resolve())).rejects.toBe(failure);
});

test("a failure that cannot be undone is said first, then why", async () => {
  await expect(undone(failure, fail)).rejects.toThrow(
    expect.objectContaining({
      message: "the API server ended\nand what it had begun cannot be removed: a mount is busy",
      errors: [failure, new Error("a mount is busy")],
    }),
  );
});
