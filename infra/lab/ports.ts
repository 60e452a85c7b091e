/** Picks TCP ports for the lab's parts, below the range from which systems take the ports of outgoing connections. */
import { createServer } from "node:net";

const lowestPort = 20_000;
const portCount = 10_000;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** A port on 127.0.0.1 that nothing listens on now. */
export const freePort = async (): Promise<number> => {
  const port = lowestPort + Math.floor(Math.random() * portCount);
  return (await isFree(port)) ? port : freePort();
};
