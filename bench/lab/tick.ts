/** Ticks by hand, as the cron source sends them. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** Longer than a run repeats itself while it waits for controllers. */
const everyMs = 4_000;

const readTick = (): { readonly headers: Readonly<Record<string, string>>; readonly body: unknown } =>
  JSON.parse(readFileSync(new URL("../../events/samples/ping.json", import.meta.url), "utf8"));

/** Resolves when the sweep is done. Not by `fetch`, which gives up before a long pass ends. */
export const postTick = (url: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const { headers, body } = readTick();
    const payload = JSON.stringify(body);
    const own = { ...headers, host: new URL(url).host, "content-length": Buffer.byteLength(payload) };
    request(url, { method: "POST", headers: own }, (response) => {
      const done = async (): Promise<void> => {
        const said = await text(response);
        if (response.statusCode === 204) resolve();
        else reject(new Error(`the tick was answered with ${response.statusCode}: ${said}`));
      };
      void done();
    })
      .once("error", reject)
      .end(payload);
  });

/** The work, with ticks until it is done: a run that waits for others in vain is repeated by the next one. */
export const withTicks = async <T>(url: string, work: Promise<T>): Promise<T> => {
  const ending = new AbortController();
  const ticking = async (): Promise<void> => {
    for (;;) {
      /* oxlint-disable no-await-in-loop -- one tick at a time */
      await sleep(everyMs, undefined, { signal: ending.signal });
      // A sweep that could not read is repeated by the next one.
      await postTick(url).catch(() => undefined);
      /* oxlint-enable no-await-in-loop */
    }
  };
  // Ends by being aborted.
  const ticks = ticking().catch(() => undefined);
  try {
    return await work;
  } finally {
    ending.abort();
    await ticks;
  }
};
