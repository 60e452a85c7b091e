/** A pause in which a watch delivers: it is over as soon as the controller has heard what there was when it began. */
import type { News } from "../handover/local.ts";
import type { Server } from "../handover/server.ts";
import { CURRENT, OLD } from "../outdated.ts";
import { isHeard } from "./world.ts";

export const newsOf = (server: Server, uid: News["uid"]): News => ({
  uid,
  resourceVersion: isHeard(server, uid) ? OLD : CURRENT,
});

export const mayGoOn = (server: Server, news: News | undefined): boolean =>
  news === undefined || news.resourceVersion === OLD || isHeard(server, news.uid);
