/** A request from this machine straight to a pod's address: through no proxy, whatever the environment says, and within a bound. */
import { request } from "node:http";
import { text } from "node:stream/consumers";

const answerDeadlineMs = 10_000;

/** Resolves to the body, whatever the status. @throws when there is no answer within 10 s. */
export const askPod = (url: string, method: "GET" | "POST" = "GET"): Promise<string> =>
  new Promise((resolve, reject) => {
    // The agent that is shared may send through a proxy (NODE_USE_ENV_PROXY).
    const options = { method, agent: false, signal: AbortSignal.timeout(answerDeadlineMs) };
    request(url, options, (response) => void text(response).then(resolve, reject))
      .on("error", reject)
      .end();
  });
