/** Judges a recording, and tells it as it was told when it happened. */
import { createJudge } from "../../functions/kit/history/judge.ts";
import { inOrder } from "../../functions/kit/history/replay.ts";
import { narrate } from "./narrate.ts";
import type { Recording } from "./recording.ts";
import type { Observation } from "./report.ts";
import { standardOf } from "./scope.ts";

export const replayRecording = (
  { scope, revisions, gaps, unread }: Recording,
  say: (line: string) => void,
): Observation => {
  const court = createJudge(standardOf(scope));
  for (const revision of revisions.toSorted(inOrder)) {
    for (const news of court.take(revision)) say(narrate(news, revision));
  }
  return { verdict: court.verdict(gaps), unread };
};
