/** Slots are given in the order of asking; what is slow holds half of them at most. */
import { expect, test } from "vitest";
import { createSlots, type Slots } from "../../../functions/kit/slots.ts";

/** Asks for each in turn, "s…" being slow, and notes who was let in. */
const ask = async (slots: Slots, names: readonly string[]): Promise<string[]> => {
  const entered: string[] = [];
  for (const name of names) void slots.take(name.startsWith("s")).then(() => entered.push(name));
  await Promise.resolve();
  return entered;
};

test("who asked first is first, slow or not", async () => {
  const slots = createSlots(2);
  const entered = await ask(slots, ["a", "b", "s1", "c", "s2", "d"]);
  for (const slow of [false, false, true, false]) {
    slots.give(slow);
    // oxlint-disable-next-line no-await-in-loop
    await Promise.resolve();
  }
  expect(entered).toEqual(["a", "b", "s1", "c", "s2", "d"]);
});

test("slow ones beyond half of the slots let the others pass", async () => {
  expect(await ask(createSlots(4), ["s1", "s2", "s3", "a", "s4", "b", "c"])).toEqual(["s1", "s2", "a", "b"]);
});

test("a single slot serves both", async () => {
  const slots = createSlots(1);
  const entered = await ask(slots, ["s1", "a", "s2"]);
  slots.give(true);
  slots.give(false);
  await Promise.resolve();
  expect(entered).toEqual(["s1", "a", "s2"]);
});
