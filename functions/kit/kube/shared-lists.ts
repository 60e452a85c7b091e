/**
 * Shares LISTs: in a burst every run of a namespace asks for the namespace's owners, and the API server would encode the same
 * hundred kilobytes for each. Reads stay consistent: nobody gets an answer to a LIST that began before they asked.
 */
import type { Clock } from "../clock.ts";
import type { KubeRequest, KubeResponse, Transport } from "./request.ts";

/** A LIST that hangs holds up those who want the same for no longer. */
const PATIENCE_MS = 100;

interface Lane {
  readonly current: Promise<KubeResponse>;
  /** For all who asked since `current` began. */
  next: Promise<KubeResponse> | undefined;
}

/** Of each LIST one is under way; whoever asks for the same meanwhile shares the one that follows it. */
export const shareLists = (send: Transport, clock: Clock): Transport => {
  const lanes = new Map<string, Lane>();
  const begin = (request: KubeRequest): Promise<KubeResponse> => {
    const lane: Lane = { current: send(request), next: undefined };
    lanes.set(request.path, lane);
    void lane.current.finally(() => {
      if (lanes.get(request.path) === lane && lane.next === undefined) lanes.delete(request.path);
    });
    return lane.current;
  };
  return (request) => {
    if (request.verb !== "list") return send(request);
    const lane = lanes.get(request.path);
    if (lane === undefined) return begin(request);
    lane.next ??= Promise.race([lane.current, clock.sleep(PATIENCE_MS)]).then(() => begin(request));
    return lane.next;
  };
};

/**
 * Whoever asks for a LIST that is under way gets its answer: for sweeps, which begin together, page through the same collections in
 * step, and take what they read for a hint.
 */
export const joinLists = (send: Transport): Transport => {
  const underWay = new Map<string, Promise<KubeResponse>>();
  return (request) => {
    if (request.verb !== "list") return send(request);
    const known = underWay.get(request.path);
    if (known !== undefined) return known;
    const answer = send(request);
    underWay.set(request.path, answer);
    void answer.finally(() => underWay.delete(request.path));
    return answer;
  };
};
