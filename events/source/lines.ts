/** Text that arrives in pieces, as lines: of a watch, and of a recording, whose last line a crash may have cut off. */

export interface Line {
  readonly text: string;
  /** False: the text ended without an end of line. */
  readonly complete: boolean;
}

/** An incomplete last line is told when the text ends by itself; empty lines are left out. */
export async function* lines(pieces: AsyncIterable<string>): AsyncGenerator<Line> {
  let rest = "";
  for await (const piece of pieces) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    for (const text of parts) if (text !== "") yield { text, complete: true };
  }
  if (rest !== "") yield { text: rest, complete: false };
}
