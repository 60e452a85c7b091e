/** Which reads are shared, and that no answer is older than its question. */
import { expect, test } from "vitest";
import { getRequest, listRequest, PODS, type KubeRequest } from "../../../functions/kit/kube/request.ts";
import { shareLists } from "../../../functions/kit/kube/shared-lists.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const LIST = listRequest(PODS, { namespace: "data" });
const OTHER = listRequest(PODS, { namespace: "other" });
const TAKES_MS = 10;

interface Bench {
  readonly clock: VirtualClock;
  /** Resolves to the moment at which the read that answers it began. */
  readonly ask: (request: KubeRequest) => Promise<number>;
  /** Each request that was sent, and when. */
  readonly sent: readonly string[];
}

const bench = (takesMs = TAKES_MS): Bench => {
  const clock = createVirtualClock();
  const sent: string[] = [];
  const send = shareLists(async (request) => {
    const begun = clock.monotonic();
    sent.push(`${request.method} ${request.path}@${begun}`);
    await clock.sleep(takesMs);
    return { status: 200, body: begun };
  }, clock);
  return { clock, sent, ask: async (request) => Number((await send(request)).body) };
};

test("a LIST is never answered by one that began before it was asked for, and those who wait share one", async () => {
  const { clock, ask, sent } = bench();
  const first = ask(LIST);
  await clock.advance(4);
  const [second, third] = [ask(LIST), ask(LIST)];
  await clock.advance(4);
  const fourth = ask(LIST);
  expect(await clock.settle(Promise.all([first, second, third, fourth]))).toEqual([0, 10, 10, 10]);
  expect(sent).toEqual([`GET ${LIST.path}@0`, `GET ${LIST.path}@10`]);
});

test("whoever asks while the shared one is under way gets the one after it", async () => {
  const { clock, ask } = bench();
  const early = [ask(LIST), ask(LIST)];
  await clock.advance(15);
  expect(await clock.settle(Promise.all([...early, ask(LIST)]))).toEqual([0, 10, 20]);
});

test("after the last answer nothing is remembered", async () => {
  const { clock, ask } = bench();
  await clock.settle(ask(LIST));
  await clock.advance(5);
  expect(await clock.settle(ask(LIST))).toBe(15);
});

test("other LISTs and reads of one object go their own ways", async () => {
  const { clock, ask, sent } = bench();
  const get = getRequest(PODS, "data", "db-0");
  await clock.settle(Promise.all([ask(LIST), ask(OTHER), ask(get), ask(get)]));
  expect(sent).toEqual([LIST, OTHER, get, get].map(({ path }) => `GET ${path}@0`));
});

test("a LIST that hangs holds up the next one for 100 ms at most", async () => {
  const { clock, ask } = bench(5000);
  void ask(LIST);
  expect(await clock.settle(ask(LIST))).toBe(100);
});
