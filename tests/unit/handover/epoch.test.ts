/** The fencing epoch: its floor, its text, and that it never goes back. */
import { expect, test } from "vitest";
import { epochFloor, nextEpoch, parseEpoch } from "../../../functions/kit/handover/epoch.ts";
import { FLOOR, NOW } from "../support/builders.ts";

const YEAR_SECONDS = 365 * 24 * 3600;

test.each<[string, number, number]>([
  ["a whole second counts", NOW, FLOOR],
  ["a begun second does not", NOW + 999, FLOOR],
  ["the next one does", NOW + 1000, FLOOR + 1],
  ["the first second has no epoch 0", Date.UTC(2020, 0, 1), 1],
  ["a clock before 2020 stays at 1", 0, 1],
])("floor: %s", (_title, now, floor) => {
  expect(epochFloor(now)).toBe(floor);
});

test.each<[string, string | undefined, number | undefined]>([
  ["one", "1", 1],
  ["the server's clock", String(FLOOR), FLOOR],
  ["almost ten years ahead", String(FLOOR + 10 * YEAR_SECONDS), FLOOR + 10 * YEAR_SECONDS],
  ["eleven years ahead", String(FLOOR + 11 * YEAR_SECONDS), undefined],
  ["ten digits, far ahead", "9999999999", undefined],
  ["eleven digits", "10000000000", undefined],
  ["absent", undefined, undefined],
  ["empty", "", undefined],
  ["zero", "0", undefined],
  ["a leading zero", "0100", undefined],
  ["negative", "-5", undefined],
  ["a sign", "+5", undefined],
  ["a fraction", "1.5", undefined],
  ["an exponent", "1e5", undefined],
  ["hexadecimal", "0x10", undefined],
  ["space", " 5", undefined],
  ["a line end", "5\n", undefined],
  ["other digits", "٣", undefined],
  ["words", "latest", undefined],
])("text: %s", (_title, text, epoch) => {
  expect(parseEpoch(text, NOW)).toBe(epoch);
});

test.each<[string, readonly number[], number]>([
  ["nothing seen: the server's clock", [], FLOOR],
  ["only old ones seen: the server's clock", [5, FLOOR - 1], FLOOR],
  ["the present second was used: one more", [FLOOR], FLOOR + 1],
  ["a restored backup, a clock set back: above the largest", [FLOOR + 500, 3], FLOOR + 501],
  ["zero stands for none", [0], FLOOR],
])("next: %s", (_title, seen, epoch) => {
  expect(nextEpoch(seen, NOW)).toBe(epoch);
});

test("after the largest epoch that is accepted, the next one is accepted a second later", () => {
  const last = epochFloor(NOW) + 10 * 366 * 24 * 3600;
  const next = nextEpoch([last], NOW);
  expect([parseEpoch(String(last), NOW), parseEpoch(String(next), NOW + 1000)]).toEqual([last, last + 1]);
  expect(parseEpoch(String(next), NOW)).toBeUndefined();
});
