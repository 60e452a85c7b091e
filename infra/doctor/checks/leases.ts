/** Whether ticks come often enough for each Lease: one of period T keeps one of duration D when T + 0.5 s < D/2. */
import { viewLock } from "../../../functions/election/model.ts";
import { FEATURE_LABEL } from "../../../functions/kit/handover/names.ts";
import { ROLES as ELECTION } from "../../../functions/election/labels.ts";
import { viewRecord } from "../../../functions/kit/handover/model.ts";
import type { Check } from "../check.ts";
import { warning, type Finding } from "../finding.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";
import { tickSecondsOf } from "../ticks.ts";

/** A PingSource adds up to half a second. */
const JITTER_SECONDS = 0.5;

const isKept = (durationSeconds: number, tickSeconds: number): boolean =>
  tickSeconds + JITTER_SECONDS < durationSeconds / 2;

const leastSeconds = (tickSeconds: number): number => Math.floor(2 * (tickSeconds + JITTER_SECONDS)) + 1;

const lockFindings = ({ led, now }: Snapshot, tickSeconds: number): readonly Finding[] =>
  led.locks.flatMap((object) => {
    const { namespace, name, leaseDurationSeconds } = viewLock(object, now);
    if (isKept(leaseDurationSeconds, tickSeconds)) return [];
    const least = leastSeconds(tickSeconds);
    return [
      warning({
        object: nameOf(object),
        field: "spec.leaseDurationSeconds",
        got: `${leaseDurationSeconds}, with a tick every ${tickSeconds} s: the Lease expires between renewals`,
        accepted: `${least} or more`,
        remedy: `kubectl -n ${namespace} patch ssl ${name} --type merge -p '{"spec":{"leaseDurationSeconds":${least}}}', or tick more often`,
      }),
    ];
  });

/** Of checkers and Services: their durations follow from what the function believes of the tick. */
const recordFindings = ({ led, now }: Snapshot, tickSeconds: number): readonly Finding[] =>
  led.records
    .filter(({ metadata }) => metadata.labels?.[FEATURE_LABEL] !== ELECTION.feature)
    .flatMap((object) => {
      const { leaseDurationSeconds } = viewRecord(object, now);
      if (leaseDurationSeconds === undefined || isKept(leaseDurationSeconds, tickSeconds)) return [];
      return [
        warning({
          object: nameOf(object),
          field: "spec.leaseDurationSeconds",
          got: `${leaseDurationSeconds}, with a tick every ${tickSeconds} s: the Lease expires between renewals`,
          accepted: `${leastSeconds(tickSeconds)} or more`,
          remedy: `Set BELLWETHER_TICK_SECONDS of the function to ${Math.ceil(tickSeconds)}: it makes these Leases as long as that needs.`,
        }),
      ];
    });

export const leases: Check = {
  name: "leases",
  reads: ["locks", "records", "pingSources", "deployments", "BELLWETHER_NAMESPACES", "BELLWETHER_TICK_SECONDS"],
  fine: "every Lease is long enough for the tick",
  run: (snapshot, installation) => {
    const tickSeconds = installation && tickSecondsOf(snapshot, installation);
    if (tickSeconds === undefined) return undefined;
    return [...lockFindings(snapshot, tickSeconds), ...recordFindings(snapshot, tickSeconds)];
  },
};
