/**
 * The life of the process: start, serve, drain on a signal or a bug, exit. Apart from the server, so that a server can
 * be started without taking over its process.
 */
import { readConfig } from "./config.ts";
import { createLog } from "./log.ts";
import type { Log } from "./log.ts";
import { startServer } from "./server.ts";
import type { FunctionModule, Host } from "./server.ts";

const serveUntilSignal = (host: Host, log: Log): void => {
  let leaving = false;
  const leave = async (code: 0 | 1): Promise<void> => {
    if (leaving) return;
    leaving = true;
    await host.drain();
    process.exit(code);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info("draining", { signal });
    void leave(0);
  };
  // After a bug the process is in an unknown state: it finishes what it can, each write guarded by preconditions.
  const onBug = (error: unknown): void => {
    log.error("uncaught error", { error });
    void leave(1);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  process.on("uncaughtException", onBug);
  process.on("unhandledRejection", onBug);
};

/**
 * Runs the function until SIGTERM or SIGINT (exit code 0), a bug, or a start that fails, such as a bad configuration
 * (exit code 1).
 */
export const runHost = async (
  fn: FunctionModule,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> => {
  try {
    const { port, bodyLimitBytes, logLevel } = readConfig(environment);
    const log = createLog({ level: logLevel });
    const host = await startServer({ fn, port, bodyLimitBytes, log });
    serveUntilSignal(host, log);
    log.info("listening", { port: host.port });
  } catch (error) {
    createLog({ level: "error" }).error("the start failed", { error });
    process.exit(1);
  }
};
