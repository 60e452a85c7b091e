/** What is written while nothing happens: renewals as often as they are due, and nothing else. */
import { LEASES } from "../../functions/kit/kube/request.ts";
import { all } from "./hands.ts";
import type { World } from "./world.ts";

/** Name of the Lease; undefined: the write is no renewal. */
const renewed = (write: string): string | undefined => / patch leases\/(?<name>\S+)/.exec(write)?.groups?.["name"];

/** Instances that find a renewal due at the same moment try it together; one of them makes it. */
const isApplied = (write: string): boolean => write.endsWith(" 200");

/** The last renewal of one rest and the first of the next may both fall into it. */
const RENEWALS_BESIDE = 2;

/** Kinds of which each instance tells once what it finds. */
const toldOnce = ({ ways }: World): readonly string[] =>
  ways.filter(({ tellsOnce }) => tellsOnce).flatMap(({ events }) => events.map(({ kind }) => kind));

/** Writes that are no renewals. */
export const unrestful = (world: World): readonly string[] => {
  const told = toldOnce(world);
  return world.writes.filter(
    (write) => renewed(write) === undefined && !told.some((kind) => write.endsWith(` about ${kind}`)),
  );
};

/** Judges what was written while nothing happened: renewals, twice in a Lease's duration, and nothing else. */
export const noise = (world: World, restMs: number): readonly string[] => {
  const others = unrestful(world);
  const renewals = Map.groupBy(world.writes, renewed);
  const eager = all(world, LEASES).flatMap(({ metadata: { name }, spec }) => {
    const seconds = Number((spec as { leaseDurationSeconds?: number }).leaseDurationSeconds);
    const [count, most] = [
      renewals.get(name)?.filter(isApplied).length ?? 0,
      (2 * restMs) / (seconds * 1000) + RENEWALS_BESIDE,
    ];
    return count > most ? [`noise: ${count} renewals of ${name} at rest, at most ${most} were due`] : [];
  });
  return [...(others.length === 0 ? [] : [`noise: ${others.length} writes at rest, such as ${others[0]}`]), ...eager];
};
