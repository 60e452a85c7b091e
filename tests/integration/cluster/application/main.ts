/** What the pods of the cluster tests run: an HTTP server that is ready until it is told otherwise, and ends at once when it is asked to. */
import { createServer } from "node:http";

const PORT = 8080;
let status = 200;

const server = createServer((request, response) => {
  // `POST /503` makes every later answer a 503, and `POST /200` undoes that.
  if (request.method === "POST") status = Number(request.url?.slice(1));
  response.writeHead(request.method === "POST" ? 200 : status).end();
});

server.listen(PORT);
process.on("SIGTERM", () => process.exit(0));
