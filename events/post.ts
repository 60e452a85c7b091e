/** One HTTP POST, for the sender of our events and for the local source; failure is a value, because both decide on it. */
import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export interface Post {
  readonly url: URL;
  /** Written in this order and case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Ends the request; undefined: it may take for ever. */
  readonly signal?: AbortSignal | undefined;
}

/** `status` 0: no answer; `problem` then says why. */
export interface PostResult {
  readonly status: number;
  readonly problem: string;
}

/** Never rejects. The answer's body is discarded. Connections are kept alive by Node's global agents. */
export const post = ({ url, headers, body, signal }: Post): Promise<PostResult> =>
  new Promise((resolve) => {
    const fail = (error: Error): void => {
      // An aborted request fails with a general error; the reason tells a deadline from a stop.
      resolve({ status: 0, problem: String(signal?.aborted === true ? signal.reason : error) });
    };
    const options: RequestOptions = {
      method: "POST",
      headers,
      ...(signal === undefined ? {} : { signal }),
    };
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, options, (response) => {
      const status = response.statusCode ?? 0;
      response.once("error", fail);
      response.once("end", () => {
        resolve({ status, problem: `status ${status}` });
      });
      response.resume();
    });
    // HTTP/1.1 connections persist without this header, and Go's client sends none.
    request.removeHeader("Connection");
    request.once("error", fail);
    request.end(body);
  });

export interface Patience {
  /** Pauses before the second, third, ... attempt, in milliseconds. */
  readonly delaysMs: readonly number[];
  /** Whether an answer with this status (0: no answer) is worth another attempt. */
  readonly again: (status: number) => boolean;
  /** Ends a pause and allows no further attempt. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes attempts until one needs no other or patience is at its end; resolves to the result of the last one. */
export const insist = async (attempt: () => Promise<PostResult>, patience: Patience): Promise<PostResult> => {
  const { delaysMs, again, signal } = patience;
  const result = await attempt();
  const [delayMs, ...later] = delaysMs;
  if (delayMs === undefined || !again(result.status)) return result;
  await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  return signal?.aborted === true ? result : insist(attempt, { ...patience, delaysMs: later });
};

export const isSuccess = ({ status }: PostResult): boolean => status >= 200 && status <= 299;
