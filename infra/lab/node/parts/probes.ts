/** How a part of the node is asked whether it is ready. */
import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import type { Probe } from "../host/daemons.ts";

/** Ready once the URL answers 200. Certificates are not looked at: the addresses are this machine's own. */
export const answers200 =
  (url: string): Probe =>
  () =>
    new Promise((resolve) => {
      const get = url.startsWith("https:") ? getHttps : getHttp;
      get(url, { rejectUnauthorized: false, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200 ? undefined : `${url} answers ${response.statusCode}`);
      }).on("error", (error) => resolve(error.message));
    });
