/** When a Service did not lead to a writer, from what its EndpointSlices and the role labels said, and when. */

export interface Reach {
  /** Names of the Service's Ready endpoints. */
  readonly ready: readonly string[];
  /** Name of the pod with the writer label; undefined: none. */
  readonly writer: string | undefined;
}

/** What a watcher saw change. */
export type ReachChange = { readonly at: number } & (Pick<Reach, "ready"> | Pick<Reach, "writer">);

export interface Outage {
  readonly begin: number;
  readonly end: number;
}

const isUsable = ({ ready, writer }: Reach): boolean => writer !== undefined && ready.includes(writer);

/** Intervals in which a write could not reach the writer, in order; one that has not ended yet ends at `until`. */
export const outagesOf = (start: Reach, changes: readonly ReachChange[], until: number): readonly Outage[] => {
  const outages: Outage[] = [];
  let { ready, writer } = start;
  let begin: number | undefined;
  for (const change of changes.toSorted((left, right) => left.at - right.at)) {
    const { at } = change;
    if ("ready" in change) ({ ready } = change);
    else ({ writer } = change);
    if (!isUsable({ ready, writer })) begin ??= at;
    else if (begin !== undefined) {
      outages.push({ begin, end: at });
      begin = undefined;
    }
  }
  return begin === undefined ? outages : [...outages, { begin, end: until }];
};

/** Of a client that would write every so often, from moment 0 on: how many writes fall into the outages. */
export const writesInto = (outages: readonly Outage[], everyMs: number): number =>
  outages.reduce((sum, { begin, end }) => sum + Math.ceil(end / everyMs) - Math.ceil(begin / everyMs), 0);
