/**
 * Plain calls to the lab's API server with any verb, path and content type, for the parts of the lab that set the scene:
 * the function's own requests (functions/kit/kube) can deliberately express only what the function may do.
 */
import { Agent, request } from "node:https";

export interface Answer<T> {
  readonly status: number;
  /** The parsed JSON, or the text when it is none (`/readyz`). */
  readonly body: T;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
}

export interface Api {
  /** @throws when no answer comes within 30 s; never for the status of an answer. */
  readonly call: <T>(method: string, path: string, options?: CallOptions) => Promise<Answer<T>>;
  readonly close: () => void;
}

const deadlineMs = 30_000;

export interface ApiOptions {
  readonly server: string;
  readonly caPem: string;
  readonly token: string;
}

export const createApi = ({ server, caPem, token }: ApiOptions): Api => {
  const agent = new Agent({ keepAlive: true, ca: caPem });
  const call: Api["call"] = (method, path, options = {}) =>
    new Promise((resolve, reject) => {
      const body = options.body === undefined ? undefined : JSON.stringify(options.body);
      const headers = {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body !== undefined && {
          "content-type": options.contentType ?? "application/json",
          "content-length": Buffer.byteLength(body),
        }),
      };
      const signal = AbortSignal.timeout(deadlineMs);
      const outgoing = request(`${server}${path}`, { agent, method, headers, signal }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers["content-type"]?.includes("json") === true;
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(isJson ? text : JSON.stringify(text)) });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  return { call, close: () => agent.destroy() };
};

/**
 * The body of an answer that says success.
 * @throws with method, path and the server's message otherwise.
 */
export const succeed = async <T>(api: Api, method: string, path: string, options?: CallOptions): Promise<T> => {
  const { status, body } = await api.call<T>(method, path, options);
  if (status >= 200 && status < 300) return body;
  throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
};
