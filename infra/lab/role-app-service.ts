/** notification.v1 as the role application answers it: by what it is told to be at the time of the call. */
import { Server as GrpcServer, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { NotificationService, type NotificationServer } from "../../proto/gen/notification/v1/notification.ts";
import type { Behaviour, Server } from "./role-app-behaviour.ts";

/** Calls that have arrived. */
export interface Asked {
  readonly leaderStatus: number;
  readonly servers: number;
}

export interface ServiceOptions {
  readonly behaviour: () => Behaviour;
  /** Itself in the answer to GetServers, when that answer is not given. */
  readonly self: () => Omit<Server, "isLeader">;
  /** Resets the connection of a caller, given as host and port. */
  readonly cut: (peer: string) => void;
}

export interface RoleService {
  readonly grpc: GrpcServer;
  readonly asked: () => Asked;
  /** Drops the answers that are still delayed. */
  readonly stop: () => void;
}

/** Field 1 announces 127 bytes that do not follow. */
const GARBAGE = Buffer.from([0x0a, 0x7f]);

export const createService = ({ behaviour, self, cut }: ServiceOptions): RoleService => {
  const asked = { leaderStatus: 0, servers: 0 };
  const timers = new Set<NodeJS.Timeout>();

  const says = (): boolean => behaviour().leads !== behaviour().lies;

  const servers = (): readonly Server[] => behaviour().servers ?? [{ ...self(), isLeader: says() }];

  const respond = <Request, Reply>(
    call: ServerUnaryCall<Request, Reply>,
    done: sendUnaryData<Reply>,
    reply: () => Reply,
  ): void => {
    const { fault, delayMs } = behaviour();
    if (fault === "hang") return;
    if (fault === "cut") {
      cut(call.getPeer());
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (fault === "error") done({ code: status.INTERNAL });
      else done(null, reply());
    }, delayMs);
    timers.add(timer);
  };

  const orGarbage =
    <Reply>(serialize: (reply: Reply) => Buffer): ((reply: Reply) => Buffer) =>
    (reply) =>
      behaviour().fault === "garbage" ? GARBAGE : serialize(reply);

  const handlers: NotificationServer = {
    getLeaderStatus: (call, done) => {
      asked.leaderStatus += 1;
      respond(call, done, () => ({ isLeader: says() }));
    },
    getServers: (call, done) => {
      asked.servers += 1;
      respond(call, done, () => ({ servers: [...servers()] }));
    },
  };

  const { getLeaderStatus, getServers } = NotificationService;
  const grpc = new GrpcServer({ "grpc.enable_channelz": 0 });
  grpc.addService(
    {
      getLeaderStatus: { ...getLeaderStatus, responseSerialize: orGarbage(getLeaderStatus.responseSerialize) },
      getServers: { ...getServers, responseSerialize: orGarbage(getServers.responseSerialize) },
    },
    handlers,
  );
  return {
    grpc,
    asked: () => ({ ...asked }),
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      grpc.forceShutdown();
    },
  };
};
