/** The floor of every comparison: a process that can answer HTTP, and does nothing else. */
import { createServer } from "node:http";

createServer((_request, response) => {
  response.end();
}).listen(Number(process.env["PORT"]));
