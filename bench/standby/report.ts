/** What is told of the fail-overs of both modes. */
import { beside, type Pair } from "../lab/rounds.ts";
import { against, none, type BenchReport, type Figure } from "../report.ts";
import type { LabelFailOver, Reached } from "./fail-over.ts";

const P50_TO_FLOOR = 1.6;
const P99_TO_FLOOR = 2;

const raced = <T>(name: string, pair: Pair<T>, of: (sample: T) => number): readonly Figure[] => [
  against(`${name}, p50`, "ms", beside(pair, of, 50), P50_TO_FLOOR),
  against(`${name}, p99`, "ms", beside(pair, of, 99), P99_TO_FLOOR),
  { name: `${name}, max`, unit: "ms", ...beside(pair, of, 100) },
];

const told = <T>(name: string, pair: Pair<T>, of: (sample: T) => number): readonly Figure[] =>
  [50, 99].map((hundredths) => {
    const { ours, floor } = beside(pair, of, hundredths);
    return { name: `${name}, p${hundredths}`, unit: "ms", ours, floor };
  });

const count = (samples: readonly Reached[], isSo: (sample: Reached) => boolean): number => samples.filter(isSo).length;

const twoReady = ({ ours }: Pair<Reached>): Figure =>
  none(
    "fail-overs with two Ready endpoints at one time",
    count(ours, ({ mostReady }) => mostReady > 1),
  );

/** `services`: how many of each mode there are, in words. */
export const reportLabel = (pair: Pair<LabelFailOver>, services: string): BenchReport => ({
  bench: "failover",
  scope: `${pair.ours.length} fail-overs each in label mode, 3 pods, ${services}`,
  figures: [
    ...raced("label on another pod", pair, ({ totalMs }) => totalMs),
    ...told("no pod with the label", pair, ({ gapMs }) => gapMs),
    ...told("Service leads to another pod", pair, ({ endpointMs }) => endpointMs),
    ...told("Service without a Ready endpoint", pair, ({ emptyMs }) => emptyMs),
    twoReady(pair),
  ],
  notes: [
    "The Service leads where the EndpointSlices of the real controller-manager say, for both; its time is not ours.",
    "The floor's Service asks for the label, too: the controller has as much to do.",
  ],
});

export const reportRoute = (pair: Pair<Reached>, services: string): BenchReport => ({
  bench: "failover",
  scope: `${pair.ours.length} fail-overs each in route mode, 3 pods, ${services}`,
  figures: [
    ...raced("slice leads to another pod", pair, ({ endpointMs }) => endpointMs),
    none(
      "fail-overs with a moment without a Ready endpoint",
      count(pair.ours, ({ emptyMs }) => emptyMs > 0),
    ),
    twoReady(pair),
  ],
  notes: ["Until then the slice leads to the old pod, which is not Ready: the old and the new change in one write."],
});
