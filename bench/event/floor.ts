/** The floor of an event: bare node:http that reads the body, parses it as JSON and answers 204. */
import { createServer } from "node:http";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.once("end", () => {
    if (chunks.length > 0) JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(request.method === "GET" ? 200 : 204).end();
  });
}).listen(Number(process.env["PORT"]));
