/** What `node status` says of a node is so. */
import { expect, test } from "vitest";
import { stateOf } from "../../../infra/lab/node/commands.ts";
import type { NodeRecord } from "../../../infra/lab/node/record.ts";
import { choosePorts } from "../../../infra/lab/node/site.ts";

const begun: NodeRecord = {
  startedAt: "now",
  bootId: "this",
  ports: await choosePorts(),
  settings: {},
  isReady: false,
};
const ready: NodeRecord = { ...begun, isReady: true };
const forTests: NodeRecord = { ...ready, endsWithRun: true };
const none: readonly string[] = [];

test.for([
  ["running", ready, none, false],
  ["broken (ended: etcd, kubelet)", ready, ["etcd", "kubelet"], false],
  ["starting or ending", begun, ["kubelet"], true],
  ["starting or ending", ready, ["kubelet"], true],
  ["left behind", begun, ["kubelet"], false],
  ["left behind", begun, none, false],
  ["running for tests", forTests, none, true],
  ["starting or ending", forTests, ["etcd"], true],
  ["left behind", forTests, none, false],
] as const)("%s: %o, ended %o, held by another %o", ([state, record, ended, isHeld]) => {
  expect(stateOf(record, ended, isHeld)).toBe(state);
});
