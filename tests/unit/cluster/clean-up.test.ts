/** What was set up is taken away whatever fails: nothing of one test file is left for the next one. */
import { describe, expect, test, vi } from "vitest";
import { closable, createCleanUp } from "../../integration/cluster/support/clean-up.ts";

const failing = (why: string) => (): never => {
  throw new Error(why);
};

describe("cleaning up", () => {
  test("goes backwards, and waits for each step", async () => {
    const { defer, run } = createCleanUp();
    const done: string[] = [];
    defer(() => done.push("first"));
    defer(async () => {
      await Promise.resolve();
      done.push("second");
    });
    await run();
    expect(done).toEqual(["second", "first"]);
  });

  test("does every step although some fail, and then says why they did", async () => {
    const { defer, run } = createCleanUp();
    const last = vi.fn<() => void>();
    defer(last);
    defer(failing("one"));
    await expect(run()).rejects.toThrow(/^one$/);
    defer(failing("one"));
    defer(failing("other"));
    await expect(run()).rejects.toThrow("Error: other; Error: one");
    expect(last).toHaveBeenCalledTimes(1);
  });
});

describe("what can be closed", () => {
  test("is what was opened, and closing it takes it away", async () => {
    const away = vi.fn<() => void>();
    const opened = await closable(async (defer) => {
      defer(away);
      return { name: "stage" };
    });
    expect(opened.name).toBe("stage");
    expect(away).not.toHaveBeenCalled();
    await opened.close();
    expect(away).toHaveBeenCalledTimes(1);
  });

  test("is taken away as far as it was opened when opening fails, and it is said why that failed", async () => {
    const away = vi.fn<() => void>();
    const opening = closable(async (defer) => {
      defer(away);
      defer(failing("cannot be taken away"));
      return failing("cannot be opened")();
    });
    await expect(opening).rejects.toThrow(/^cannot be opened$/);
    expect(away).toHaveBeenCalledTimes(1);
  });
});
