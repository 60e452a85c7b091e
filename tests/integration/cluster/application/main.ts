/**
 * What the pods of the cluster tests run: an HTTP server that is ready until it is told otherwise, ends at once when it is asked to, and
 * writes for its clients as long as the files that the kubelet keeps for it say that it is the writer.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";

const PORT = 8080;
const PODINFO = "/podinfo";
/** What a write costs this application. Meanwhile its token may become an old one, which only the register can notice. */
const workMs = 10;

const { REGISTER = "", POD_UID = "" } = process.env;
let status = 200;

const podinfo = (name: string): Promise<string> => readFile(`${PODINFO}/${name}`, "utf8");

/** 503: it is not the writer; 502: whether it was written is not known; everything else is the register's answer. */
const write = async (path: string): Promise<number> => {
  const [role, token] = await Promise.all([podinfo("role"), podinfo("token")]);
  if (role !== "writer" || token === "") return 503;
  await setTimeout(workMs);
  const answer = await fetch(`${REGISTER}${path}?token=${token}&pod=${POD_UID}`, { method: "POST" });
  await answer.arrayBuffer();
  return answer.status;
};

const server = createServer((request, response) => {
  const { method, url = "" } = request;
  if (method !== "POST") return void response.writeHead(status).end();
  if (url.startsWith("/write/")) {
    const answer = (code: number): void => void response.writeHead(code).end();
    return void write(url).then(answer, () => answer(502));
  }
  // `POST /503` makes every later answer to a probe a 503, and `POST /200` undoes that.
  status = Number(url.slice(1));
  response.writeHead(200).end();
});

server.listen(PORT);
process.on("SIGTERM", () => process.exit(0));
