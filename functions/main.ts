/** The process that `npm start` runs: the function of index.ts on our own HTTP host. */
import * as fn from "./index.ts";
import { runHost } from "./kit/host/run.ts";

void runHost(fn, process.env);
