/** A function whose replies are chosen by its caller, for the suites that judge hosts. */
import { Buffer } from "node:buffer";
import type { Context, FunctionModule, Reply } from "../../../functions/kit/host/server.ts";

/** The reply that the event asks for by its extension `reply`; 400 repeats a field of the data, to show it arrived. */
const replyTo = (context: Context): Reply | undefined => {
  const raw = context.rawBody;
  const data: unknown = raw === undefined ? context.body : JSON.parse(Buffer.from(raw).toString());
  const name = typeof data === "object" && data !== null && "name" in data ? String(data.name) : "";
  switch (String(context.headers["ce-reply"])) {
    case "400":
      return { statusCode: 400, headers: { "content-type": "text/plain; charset=utf-8" }, body: `refused: ${name}` };
    case "503":
      return {
        statusCode: 503,
        headers: { "content-type": "text/plain; charset=utf-8", "retry-after": "2" },
        body: "conflict",
      };
    default:
      return undefined;
  }
};

export const createStub = (overrides: Partial<FunctionModule> = {}): FunctionModule => ({
  handle: async (context) => replyTo(context),
  init: async () => undefined,
  shutdown: async () => undefined,
  liveness: () => ({ statusCode: 200, body: "alive" }),
  readiness: () => ({ statusCode: 200, body: "ready" }),
  metrics: () => "# nothing\n",
  ...overrides,
});

/** An event as ApiServerSource sends it, asking for a reply. */
export const eventAsking = (reply: string): RequestInit => ({
  method: "POST",
  headers: {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "dev.knative.apiserver.resource.update",
    "ce-source": "https://10.96.0.1:443",
    "ce-id": "1",
    "ce-reply": reply,
  },
  body: JSON.stringify({ name: "a-0" }),
});
