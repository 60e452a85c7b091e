/** Whether ticks come, as often as the function is told, and not so often that what is meant to sleep never does. */
import type { Check } from "../check.ts";
import { error, warning, type Finding } from "../finding.ts";
import { settingsOf } from "../environment.ts";
import { applyCommand, FUNCTION, type Installation } from "../installation.ts";
import { nameOf, type Snapshot } from "../snapshot.ts";
import { ticksOf, type Tick } from "../ticks.ts";

const AUTOSCALING = "autoscaling.knative.dev/";
/** Serving's defaults: of the window, and of the whole cluster's time of grace after it. */
const DEFAULT_WINDOW_SECONDS = 60;
const GRACE_SECONDS = 30;
/** KEDA's default. */
const DEFAULT_COOLDOWN_SECONDS = 300;

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Go's durations, as far as Serving accepts them here: `1m30s`. */
export const durationSeconds = (text: string | undefined): number | undefined => {
  const parts = [...(text ?? "").matchAll(/(?<count>\d+(?:\.\d+)?)(?<unit>[hms])/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce(
    (sum, { groups }) => sum + Number(groups?.["count"]) * (UNIT_SECONDS[groups?.["unit"] ?? ""] ?? 0),
    0,
  );
};

interface Scaled {
  readonly scaleTargetRef?: { readonly name?: string };
  readonly cooldownPeriod?: number;
}

interface Nap {
  readonly object: string;
  readonly field: string;
  /** An instance that nobody calls is gone after so long. */
  readonly seconds: number;
}

/** How long the function has to be left alone to go to zero; undefined: it does not, or sleeps by another rule. */
const napOf = ({ own }: Snapshot, { form, fn }: Installation): Nap | undefined => {
  if (form.startsWith("knative/")) {
    const { annotations } = fn;
    if (Number(annotations[`${AUTOSCALING}min-scale`] ?? 0) > 0) return undefined;
    const field = `annotation ${AUTOSCALING}window`;
    const window = durationSeconds(annotations[`${AUTOSCALING}window`]) ?? DEFAULT_WINDOW_SECONDS;
    const kept = durationSeconds(annotations[`${AUTOSCALING}scale-to-zero-pod-retention-period`]) ?? 0;
    return { object: nameOf(fn.object), field, seconds: window + GRACE_SECONDS + kept };
  }
  const scaled = own.scaledObjects.find(({ spec }) => ((spec ?? {}) as Scaled).scaleTargetRef?.name === FUNCTION);
  if (form !== "keda/http" || scaled === undefined) return undefined;
  const { cooldownPeriod = DEFAULT_COOLDOWN_SECONDS } = (scaled.spec ?? {}) as Scaled;
  return { object: nameOf(scaled), field: "spec.cooldownPeriod", seconds: cooldownPeriod };
};

const sleepless = (nap: Nap | undefined, seconds: number): readonly Finding[] =>
  nap === undefined || nap.seconds < seconds
    ? []
    : [
        warning({
          object: nap.object,
          field: nap.field,
          got: `an instance goes after up to ${nap.seconds} s without a call, and a tick comes every ${seconds} s: it never goes to zero`,
          accepted: `less than ${seconds} s`,
          remedy:
            "Tick less often, with BELLWETHER_TICK_SECONDS and longer Leases, or keep an instance on purpose (infra/knative/warm).",
        }),
      ];

const disagreement = ({ object, field, text }: Tick, seconds: number, tickSeconds: number): Finding =>
  warning({
    object: nameOf(object),
    field,
    got: `${text} (${seconds} s)`,
    accepted: `${tickSeconds} s, which BELLWETHER_TICK_SECONDS tells the function: it decides by that which Leases are due, and how long its own are`,
    remedy: "Set both to the same period.",
  });

const unreadable = ({ object, field, text }: Tick): Finding =>
  error({
    object: nameOf(object),
    field,
    got: JSON.stringify(text),
    accepted: "five fields of cron, or six with seconds first",
    remedy: "Correct the schedule, such as '*/10 * * * * *'.",
  });

const findingsOf = (tick: Tick, tickSeconds: number, nap: Nap | undefined): readonly Finding[] => {
  const { seconds } = tick;
  if (seconds === undefined) return [unreadable(tick)];
  const told = seconds === tickSeconds ? [] : [disagreement(tick, seconds, tickSeconds)];
  return [...told, ...sleepless(nap, seconds)];
};

export const ticks: Check = {
  name: "ticks",
  reads: ["pingSources", "deployments", "scaledObjects", "BELLWETHER_TICK_SECONDS"],
  fine: "ticks come as often as the function is told, and let sleep what is meant to",
  run: (snapshot, installation) => {
    if (installation === undefined) return undefined;
    const settings = settingsOf(installation.fn);
    if (typeof settings === "string") return undefined;
    const all = ticksOf(snapshot, installation);
    const { source } = installation;
    if (all.length === 0) {
      // That there is no PingSource, and no source, is said where sources are looked at.
      if (installation.form !== "standalone" || source === undefined) return undefined;
      const about = { field: "--schedule", got: "not among the arguments", accepted: "one: nobody renews Leases" };
      return [error({ object: nameOf(source.object), ...about, remedy: applyCommand(installation) })];
    }
    return all.flatMap((tick) => findingsOf(tick, settings.tickSeconds, napOf(snapshot, installation)));
  },
};
