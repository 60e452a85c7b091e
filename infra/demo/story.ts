/** One way to lead, as the demo shows it. */
import type { Standard } from "../../functions/kit/history/judge.ts";
import type { Actors } from "./actors.ts";

export interface Story {
  /** What its revisions are held against. */
  readonly standard: Standard;
  /** For stories whose pods have to be reached; default: any address. */
  readonly addressOf?: (pod: string) => string;
  /** Resolves when the last scene is over; instances and sources run on. */
  readonly play: (actors: Actors) => Promise<void>;
}
