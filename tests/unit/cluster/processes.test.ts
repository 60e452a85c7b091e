/** A process may end between being found and being signalled. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { killAll } from "../../integration/cluster/support/processes.ts";

test("a process that has ended is passed over, and the next one is killed", async () => {
  const [ended, living] = [spawn(process.execPath, ["-e", ""]), spawn("sleep", ["60"])];
  const gone = once(living, "exit");
  await once(ended, "exit");
  killAll([ended, living].map(({ pid = 0 }) => ({ pid, command: "" })));
  expect(await gone).toEqual([null, "SIGKILL"]);
});
