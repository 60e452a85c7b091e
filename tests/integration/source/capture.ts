/**
 * Writes `events/samples` anew from the real adapters: `node tests/integration/source/capture.ts`. Only the ports of this run are
 * replaced (sink 8080, API server 6443); everything else is as it was on the wire.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startApiServerAdapter } from "../../../infra/lab/adapters.ts";
import { startPingAdapter } from "../../../infra/lab/ping-adapter.ts";
import { startRecorder, type Recorded } from "../../contract/events/recorder.ts";
import { SAMPLES_FOLDER } from "../../contract/events/samples.ts";
import { startReferenceAdapter } from "./reference-adapter.ts";
import { createNamespace, openStage, playScenario, WATCHED, type Stage } from "./scenario.ts";

const NAMESPACE = "data";

const stable = (text: string, { plane }: Stage, sink: string): string =>
  text.replaceAll(plane.server, "https://127.0.0.1:6443").replaceAll(new URL(sink).host, "127.0.0.1:8080");

const writeSample = (name: string, record: Recorded, replace: (text: string) => string): void => {
  const { target, rawHeaders, headers, body } = record;
  const lines = rawHeaders.flatMap((header, index) =>
    index % 2 === 0 ? [`${header}: ${rawHeaders[index + 1] ?? ""}`] : [],
  );
  const raw = [`${target} HTTP/1.1`, ...lines, "", body].join("\r\n");
  const json = JSON.stringify({ headers, body: JSON.parse(body) as unknown }, undefined, 2);
  writeFileSync(join(SAMPLES_FOLDER, `${name}.http`), replace(raw));
  writeFileSync(join(SAMPLES_FOLDER, `${name}.json`), `${replace(json)}\n`);
};

/** Which events become samples: of each kind the last one that is typical. */
const PICKS: readonly (readonly [name: string, subject: string, type: string])[] = [
  ["pod-add", "pods/db-0", "resource.add"],
  ["pod-update", "pods/db-1", "resource.update"],
  ["pod-delete", "pods/db-0", "resource.delete"],
  ["statefulset-update", "statefulsets/db", "resource.update"],
  ["lock-add", "statefulsetlocks/db", "resource.add"],
  ["pod-reference-update", "pods/db-0", "ref.update"],
];

/** An update shows a pod that is up, not one that is about to go. */
const isTypical = ({ headers, body }: Recorded): boolean =>
  headers["ce-type"] !== "dev.knative.apiserver.resource.update" || !body.includes('"deletionTimestamp"');

const gone = ({ headers }: Recorded): boolean =>
  headers["ce-subject"]?.endsWith("pods/db-0") === true && headers["ce-type"]?.endsWith(".delete") === true;

const capture = async (stage: Stage): Promise<void> => {
  const [sink, references, ticks] = await Promise.all([startRecorder(), startRecorder(), startRecorder()]);
  await createNamespace(stage, NAMESPACE);
  const { plane } = stage;
  await startReferenceAdapter(stage, NAMESPACE, references);
  const source = {
    plane,
    identity: "admin",
    sink: sink.url,
    name: "objects",
    namespaces: [NAMESPACE],
    resources: WATCHED,
  };
  await startApiServerAdapter(source);
  const pings = await startPingAdapter({ plane });
  await pings.createPingSource({ namespace: NAMESPACE, name: "tick", schedule: "* * * * * *", sink: ticks.url });
  await playScenario(stage, NAMESPACE);
  await Promise.all([sink.first(gone), references.first(gone)]);
  mkdirSync(SAMPLES_FOLDER, { recursive: true });
  for (const [name, subject, type] of PICKS) {
    const from = type.startsWith("ref") ? references : sink;
    const found = from.received.findLast(
      (record) =>
        record.headers["ce-subject"]?.endsWith(subject) === true &&
        record.headers["ce-type"]?.endsWith(type) === true &&
        isTypical(record),
    );
    if (found === undefined) throw new Error(`no ${type} of ${subject} arrived`);
    writeSample(name, found, (text) => stable(text, stage, from.url));
  }
  writeSample("ping", await ticks.first(() => true), (text) => stable(text, stage, ticks.url));
  await Promise.all([sink.close(), references.close(), ticks.close()]);
};

const stage = await openStage();
try {
  await capture(stage);
} finally {
  await stage.close();
}
