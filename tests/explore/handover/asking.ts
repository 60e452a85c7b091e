/** Roles: the pods are asked who leads, and the answer is what the application says at that moment, or a lie. */
import type { Asking, Event } from "./local.ts";
import type { Protocol } from "./protocol.ts";
import { NOBODY_LEADS, saidSince, SILENCE, type Server, type Word } from "./server.ts";
import { decided } from "./writing.ts";

interface Answer {
  readonly server: Server;
  readonly word: Word;
  readonly text: () => string;
}

/** What may be heard now. */
export const answersOf = (server: Server): readonly Answer[] => {
  const { word = SILENCE, left, pods, past } = server;
  const said = { server, word, text: (): string => `asks the pods: ${word}` };
  if (left.lie === 0) return [said];
  const others = [...pods.flatMap((pod) => pod?.metadata.uid ?? []), NOBODY_LEADS, SILENCE];
  const liedTo = (heard: Word): Server => ({
    ...server,
    left: { ...left, lie: left.lie - 1 },
    past: { ...past, words: saidSince(past, heard) },
  });
  const lies = others
    .filter((other) => other !== word)
    .map((other) => ({
      server: liedTo(other),
      word: other,
      text: (): string => `asks the pods: ${other}, which is a lie`,
    }));
  return [said, ...lies];
};

export const ask = (protocol: Protocol, server: Server, { lock, progress }: Asking): readonly Event[] =>
  answersOf(server).map(({ server: heard, word, text }) => {
    const local = decided(protocol, { lock, word, progress });
    return { server: heard, local, touched: undefined, text };
  });
