/** The fencing epoch: a whole number that never goes back, whatever is deleted or restored (design section 3). */

const EPOCH_ZERO_MS = Date.UTC(2020, 0, 1);
const TEN_YEARS_SECONDS = 10 * 366 * 24 * 3600;
const EPOCH_TEXT = /^[1-9][0-9]{0,9}$/;

/** Whole seconds since 2020-01-01T00:00:00Z: the floor of every new epoch. `now` in milliseconds on the server's clock. */
export const epochFloor = (now: number): number => Math.max(1, Math.floor((now - EPOCH_ZERO_MS) / 1000));

/** Undefined for text that is no epoch, or one more than ten years ahead of the server's clock: that is tampering. */
export const parseEpoch = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined || !EPOCH_TEXT.test(text)) return undefined;
  const epoch = Number(text);
  return epoch <= epochFloor(now) + TEN_YEARS_SECONDS ? epoch : undefined;
};

/** Above every epoch seen, and never below the server's clock. */
export const nextEpoch = (seen: readonly number[], now: number): number =>
  seen.reduce((highest, epoch) => Math.max(highest, epoch + 1), epochFloor(now));
