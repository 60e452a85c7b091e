/**
 * Objects of the in-memory cluster on a real API server, with what controllers would write into their status. Identities and generations are
 * the server's own, so whatever refers to them is written accordingly.
 */
import type { KubeObject } from "../../../../functions/kit/kube/object.ts";
import type { DoctorServer } from "./doctor-server.ts";
import { merge } from "./mistake.ts";

export interface Store {
  /** What others refer to by its uid comes before these. */
  readonly create: (wanted: KubeObject) => Promise<void>;
  readonly remove: (wanted: KubeObject) => Promise<void>;
  /** Applies a merge patch to what `create` made. */
  readonly alter: (wanted: KubeObject, patch: object) => Promise<void>;
  /** Makes of it again what `create` made. */
  readonly restore: (wanted: KubeObject) => Promise<void>;
}

interface Change {
  readonly metadata?: object;
  readonly status?: unknown;
}

interface Status {
  readonly observedGeneration?: number;
}

interface Failure {
  readonly message?: string;
}

/** The server gives these itself. */
const IDENTITY = new Set(["uid", "resourceVersion", "generation"]);

const given = (metadata: object): object =>
  Object.fromEntries(Object.entries(metadata).filter(([key]) => !IDENTITY.has(key)));

/** The server counts generations in its own way: the status is as far behind as it is meant to be. */
const statusFor = ({ metadata }: KubeObject, wanted: KubeObject): unknown => {
  const status = wanted.status as Status | undefined;
  if (status?.observedGeneration === undefined) return status;
  const behind = (wanted.metadata.generation ?? 0) - status.observedGeneration;
  return { ...status, observedGeneration: (metadata.generation ?? 0) - behind };
};

/** Each call throws with the server's words when it refuses. */
export const createStore = ({ api, pathOf }: DoctorServer): Store => {
  /** As created, by what was wanted. */
  const stored = new Map<KubeObject, KubeObject>();
  /** The server's, by the one that other objects name. */
  const uids = new Map<string, string>();

  const call = async (method: string, path: string, body?: unknown, contentType?: string): Promise<KubeObject> => {
    const options = { body, ...(contentType !== undefined && { contentType }) };
    const answer = await api.call<KubeObject & Failure>(method, path, options);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.message ?? ""}`);
  };

  const resolved = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, one: unknown) => (typeof one === "string" ? (uids.get(one) ?? one) : one));

  const report = (path: string, real: KubeObject, wanted: KubeObject): Promise<KubeObject> =>
    call("PUT", `${path}/status`, { ...real, status: statusFor(real, wanted) });

  return {
    create: async (wanted) => {
      const path = await pathOf(wanted);
      const { status, ...rest } = wanted;
      const body = resolved({ ...rest, metadata: given(wanted.metadata) });
      const real = await call("POST", path.slice(0, path.lastIndexOf("/")), body);
      uids.set(wanted.metadata.uid, real.metadata.uid);
      stored.set(wanted, real);
      if (status !== undefined) await report(path, real, wanted);
    },
    remove: async (wanted) => {
      await call("DELETE", await pathOf(wanted), { gracePeriodSeconds: 0 });
    },
    alter: async (wanted, patch) => {
      const path = await pathOf(wanted);
      const { status: _, metadata = {}, ...rest } = patch as Change;
      const body = resolved({ ...rest, metadata: given(metadata) });
      const real = await call("PATCH", path, body, "application/merge-patch+json");
      if (wanted.status !== undefined) await report(path, real, merge(wanted, patch) as KubeObject);
    },
    restore: async (wanted) => {
      const path = await pathOf(wanted);
      const was = stored.get(wanted);
      const { resourceVersion } = (await call("GET", path)).metadata;
      const real = await call("PUT", path, { ...was, metadata: { ...was?.metadata, resourceVersion } });
      if (wanted.status !== undefined) await report(path, real, wanted);
    },
  };
};
