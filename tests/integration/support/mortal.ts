/** An instance of the function that is killed exactly between two of its writes. */
import { isWrite, type ApiGate, type ArrivedRequest } from "../../../infra/lab/api-gate.ts";

/** How many writes were applied since then. */
export type Applied = () => number;

/**
 * From now on those writes that `concerns` names reach the API server one after the other, also those that were sent in parallel;
 * once `count` of them are applied, `kill` is called, and of that and all later requests nothing comes through any more.
 */
export const killAfterWrite = (
  gate: ApiGate,
  { count, concerns, kill }: { count: number; concerns: (request: ArrivedRequest) => boolean; kill: () => void },
): Applied => {
  let applied = 0;
  let last: Promise<unknown> = Promise.resolve();
  const isDead = (): boolean => applied >= count;
  gate.handle((request, forward) => {
    if (!isWrite(request) || !concerns(request)) return isDead() ? Promise.resolve("cut") : forward();
    const write = last.then(async () => {
      if (isDead()) return "cut";
      const answer = await forward();
      applied += 1;
      if (!isDead()) return answer;
      kill();
      return "cut";
    });
    last = write.catch(() => undefined);
    return write;
  });
  return () => applied;
};
