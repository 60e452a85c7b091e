/** The parts of a fail-over are those of the whole: none is negative, and together they are the time from the fault to the label. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SEGMENTS, splitOf, type Moments } from "../../integration/cluster/support/split.ts";

const IN_ORDER: Moments = { fault: 0, noticed: 10, sent: 30, made: 100, arrived: 1000, labelled: 1200 };

test.each<[string, Partial<Moments>, readonly (number | undefined)[] | undefined]>([
  ["from zero", {}, [10, 20, 70, 900, 200]],
  ["an instance runs", { made: undefined }, [10, 20, 970, 0, 200]],
  ["an instance is made for something later", { made: 1100 }, [10, 20, 970, 0, 200]],
  ["the source's watch was told first", { noticed: 35 }, [30, 0, 70, 900, 200]],
  ["the first sweep decided before the event was there", { arrived: 1300 }, [10, 20, 70, 1100, 0]],
  ["an instance was made before the event: something else woke the function", { made: 20 }, undefined],
  ["the event was made before the fault: another one is told", { sent: -1 }, undefined],
])("%s", (_what, change, expected) => {
  const split = splitOf({ ...IN_ORDER, ...change });
  expect(split && SEGMENTS.map((name) => split[name])).toEqual(expected);
});

test("whatever the moments, the parts are not negative, and make up the whole", () => {
  const moment = fc.integer({ min: 0, max: 50 });
  const moments = fc.record({
    fault: moment,
    noticed: moment,
    sent: moment,
    made: fc.option(moment, { nil: undefined }),
    arrived: moment,
    labelled: moment,
  });
  fc.assert(
    fc.property(moments, (given) => {
      const split = splitOf(given);
      fc.pre(split !== undefined);
      const parts = SEGMENTS.map((name) => split[name]);
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(given.labelled - given.fault);
    }),
  );
});
