/** The end of the scaler's streams, by which KEDA decides when it comes back: after 2 s, or later and later. */
import { expect, test } from "vitest";
import { createLog } from "../../../functions/kit/host/log.ts";
import { startService } from "../../../infra/keda/scaler/service.ts";
import { connectKeda } from "./keda.ts";

test.each(Array.from({ length: 10 }, (_, round) => round))(
  "work that is announced while streams end does not make their end an error (%i)",
  async () => {
    const listening = Promise.withResolvers<void>();
    const service = await startService({
      port: 0,
      state: { isPending: () => false, isActive: () => false },
      log: createLog({ level: "info", write: (line) => line.includes("listens") && listening.resolve() }),
    });
    const keda = connectKeda({ port: service.port });
    await listening.promise;
    const stopped = service.stop();
    service.push();
    await stopped;
    await keda.ended(1);
    keda.close();
    expect(keda.endings[0]).toBe("clean");
  },
);
