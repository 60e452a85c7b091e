/** A run over one Service that is not served by itself: says what is wrong with what it asks for, and names what else is to run. */
import type { Io } from "../kit/context.ts";
import type { RunOutcome } from "../kit/feature.ts";
import { conclude } from "../kit/group/report.ts";
import type { ObjectKey } from "../kit/keys.ts";
import { readOne } from "../kit/kube/read.ts";
import { SERVICES } from "../kit/kube/request.ts";
import { done, failed, settled } from "../kit/outcome.ts";
import type { Notice } from "../kit/recorder.ts";
import { keysOfService, serviceKey } from "./keys.ts";
import { subjectOf, viewService } from "./model.ts";
import type { Said } from "./said.ts";

const noticeOf = (problem: string): Notice => ({
  type: "Warning",
  reason: "NotServed",
  action: "Validate",
  note: `${problem}; active/standby does not serve this Service`,
});

export const lookAt = async (io: Io, said: Said, key: ObjectKey): Promise<RunOutcome> => {
  const reading = await readOne(io.send, SERVICES, key.namespace, key.name);
  if (!reading.ok) return settled(failed(`get Service ${key.name}`, reading.response));
  const service = reading.object === undefined ? undefined : viewService(reading.object);
  const problem = service?.problem;
  const news = said.news(serviceKey(key), problem === undefined ? [] : [problem]);
  if (service === undefined) return { kind: "done", reason: "ServiceGone" };
  const notices = [...news].map(noticeOf);
  await conclude(io, { subject: subjectOf(service), notices, status: undefined }, done("NotServed"));
  return { kind: "done", reason: problem === undefined ? "ServiceSeen" : "NotServed", next: keysOfService(service) };
};
