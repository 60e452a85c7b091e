/** How a part of the node is asked whether it is ready. */
import { readFileSync } from "node:fs";
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import type { Probe } from "../host/daemons.ts";
import type { Pki } from "../pki.ts";

const answerDeadlineMs = 3_000;

/**
 * Ready once the URL answers 200, within 3 s. The server's certificate is not looked at: the addresses are this machine's own.
 * `shown` has the client's, for a server that wants one.
 */
export const answers200 =
  (url: string, shown?: Pki): Probe =>
  () =>
    new Promise((resolve) => {
      const get = url.startsWith("https:") ? getHttps : getHttp;
      const signal = AbortSignal.timeout(answerDeadlineMs);
      const client = shown && { cert: readFileSync(shown.certificateFile), key: readFileSync(shown.keyFile) };
      get(url, { rejectUnauthorized: false, agent: false, signal, ...client }, (response) => {
        resolve(response.statusCode === 200 ? undefined : `${url} answers ${response.statusCode}`);
        response.destroy();
      }).on("error", (error) =>
        resolve(signal.aborted ? `${url} does not answer within ${answerDeadlineMs / 1000} s` : error.message),
      );
    });
