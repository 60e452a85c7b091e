/**
 * A turn is one change of the selector by us, told apart from every other: a label on the Service, written together with the key. The
 * EndpointSlice controller copies the labels of a Service to its slices, so theirs tell which selector they were written for. That they are
 * empty, or filled, tells nothing: they may be so since before the change.
 *
 * The value is the version of the Service that the change is made from, so no two changes have the same. Our slices get it before the key is
 * added, from somebody who has read that version after them. So nobody marks or deletes a slice of ours for a selector that has changed since:
 * the write fails on the version of the slice, or a second look at the Service (`needsService`) tells.
 */
import type { OtherSlice, RoutedService, SliceView } from "./model.ts";
import { SELECTOR_CONTROLLER } from "./names.ts";

export const nextTurn = ({ metadata }: RoutedService): string => metadata.resourceVersion;

/** The slice has its turn, and the Service is as it was then: the turn can be made. */
export const isBegun = (service: RoutedService, { turn }: SliceView): boolean => turn === nextTurn(service);

/** The turn of the slice was made, and none since. */
export const isMade = ({ turn }: RoutedService, slice: SliceView): boolean => turn !== undefined && turn === slice.turn;

/** The controller has seen the last turn, or that there is none, in each family and with all of its slices. */
export const isFollowed = ({ turn, families }: RoutedService, others: readonly OtherSlice[]): boolean => {
  const theirs = others.filter(({ manager }) => manager === SELECTOR_CONTROLLER);
  return (
    theirs.every((slice) => slice.turn === turn) &&
    families.every((family) => theirs.some(({ addressType }) => addressType === family))
  );
};
