/** How often ticks come: by a PingSource's schedule, the source's, or the scaler's own setting. */
import { Cron } from "croner";
import type { KubeObject } from "../../functions/kit/kube/object.ts";
import { argumentsOf, settingsOf } from "./environment.ts";
import type { Installation } from "./installation.ts";
import type { Snapshot } from "./snapshot.ts";

export interface Tick {
  readonly object: KubeObject;
  readonly field: string;
  /** As it is written there. */
  readonly text: string;
  /** From one tick to the next; undefined: it is no schedule. */
  readonly seconds: number | undefined;
}

/** Schedules with seconds have shorter and longer pauses: every 25 s means at 0, 25, 50, and again at 0. */
const RUNS = 10;

/** The longest pause between the next ten runs; undefined: it is no schedule. */
export const periodSeconds = (schedule: string, now: number, timezone = "UTC"): number | undefined => {
  try {
    const runs = new Cron(schedule, { timezone }).nextRuns(RUNS, new Date(now)).map((run) => run.getTime());
    const pauses = runs.slice(1).map((run, index) => run - (runs[index] ?? run));
    return pauses.length === 0 ? undefined : Math.max(...pauses) / 1000;
  } catch {
    return undefined;
  }
};

interface Schedule {
  readonly schedule?: string;
  readonly timezone?: string;
}

/** PingSource's own default. */
const EVERY_MINUTE = "* * * * *";

export const ticksOf = ({ own, now }: Snapshot, { form, source, scaler }: Installation): readonly Tick[] => {
  if (form === "standalone") {
    return (source === undefined ? [] : argumentsOf(source, "--schedule").slice(-1)).flatMap((text) =>
      source === undefined
        ? []
        : { object: source.object, field: "--schedule", text, seconds: periodSeconds(text, now) },
    );
  }
  if (form === "keda/push") {
    const settings = scaler && settingsOf(scaler);
    if (scaler === undefined || settings === undefined || typeof settings === "string") return [];
    const { tickSeconds: seconds } = settings;
    return [{ object: scaler.object, field: "BELLWETHER_TICK_SECONDS", text: String(seconds), seconds }];
  }
  return own.pingSources.map((object) => {
    const { schedule: text = EVERY_MINUTE, timezone } = (object.spec ?? {}) as Schedule;
    return { object, field: "spec.schedule", text, seconds: periodSeconds(text, now, timezone) };
  });
};

/** Of the most frequent one, because each renews everything; undefined: nothing ticks. */
export const tickSecondsOf = (snapshot: Snapshot, installation: Installation): number | undefined => {
  const all = ticksOf(snapshot, installation).flatMap(({ seconds }) => seconds ?? []);
  return all.length === 0 ? undefined : Math.min(...all);
};
