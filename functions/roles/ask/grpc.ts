/**
 * One question to one pod over gRPC, on a connection of its own that is gone afterwards. The only file of the function that
 * imports the gRPC library: it is loaded when there is somebody to ask, and is a file of its own in the bundle.
 */
import {
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ServiceError,
} from "@grpc/grpc-js";
import {
  NotificationClient,
  type GetServersResponse,
  type LeaderStatusResponse,
} from "../../../proto/gen/notification/v1/notification.ts";
import { grpcTarget, type Target } from "./address.ts";
import type { LeaderAnswer, ServersAnswer, Silent, Tls } from "./ask.ts";
import { withoutLeftovers } from "./sockets.ts";
import { explain, explainUnusable } from "./why.ts";

/** Neither call rejects. */
export interface Caller {
  readonly leaderStatus: (target: Target) => Promise<LeaderAnswer>;
  readonly servers: (target: Target) => Promise<ServersAnswer>;
}

interface CallerOptions {
  readonly deadlineMs: number;
  readonly tls: Tls | undefined;
}

type Call<Reply> = (
  client: NotificationClient,
  limits: CallOptions,
  done: (error: ServiceError | null, reply: Reply) => void,
) => unknown;

const GET_LEADER_STATUS: Call<LeaderStatusResponse> = (client, limits, done) =>
  client.getLeaderStatus({}, new Metadata(), limits, done);
const GET_SERVERS: Call<GetServersResponse> = (client, limits, done) =>
  client.getServers({}, new Metadata(), limits, done);

const MAX_ANSWER_BYTES = 1_048_576;

/** https://github.com/grpc/grpc-node/blob/master/packages/grpc-js/README.md#supported-channel-options */
const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.max_receive_message_length": MAX_ANSWER_BYTES,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
  // The shared pool would keep a connection, and the certificates that it was made with, beyond the call.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_channelz": 0,
};

const silent = (why: string): Silent => ({ kind: "silent", why });

const credentialsOf = (tls: Tls | undefined): ChannelCredentials | Silent => {
  if (tls === undefined) return credentials.createInsecure();
  try {
    return credentials.createSsl(tls.ca, tls.client?.key, tls.client?.certificate);
  } catch (error) {
    return silent(explainUnusable(error));
  }
};

const optionsOf = (tls: Tls | undefined): ChannelOptions =>
  tls?.serverName === undefined
    ? CHANNEL_OPTIONS
    : { ...CHANNEL_OPTIONS, "grpc.ssl_target_name_override": tls.serverName };

/** `deadlineMs` counts from the beginning of each call. */
export const createCaller = ({ deadlineMs, tls }: CallerOptions): Caller => {
  const channelCredentials = credentialsOf(tls);
  const options = optionsOf(tls);

  const ask = async <Reply, Answer>(
    target: Target,
    call: Call<Reply>,
    answer: (reply: Reply) => Answer,
  ): Promise<Answer | Silent> => {
    if ("kind" in channelCredentials) return channelCredentials;
    if (target.host === "") return silent("it has no address yet");
    return withoutLeftovers(async () => {
      const client = new NotificationClient(grpcTarget(target), channelCredentials, options);
      try {
        return await new Promise((resolve) => {
          call(client, { deadline: Date.now() + deadlineMs }, (error, reply) => {
            if (error === null) return resolve(answer(reply));
            const failure = {
              status: status[error.code],
              details: error.details,
              deadlineMs,
              secure: tls !== undefined,
            };
            return resolve(silent(explain(failure)));
          });
        });
      } finally {
        client.close();
      }
    });
  };

  return {
    leaderStatus: (target) =>
      ask(target, GET_LEADER_STATUS, ({ isLeader }) => ({ kind: "answered" as const, leads: isLeader })),
    servers: (target) => ask(target, GET_SERVERS, ({ servers }) => ({ kind: "answered" as const, servers })),
  };
};
