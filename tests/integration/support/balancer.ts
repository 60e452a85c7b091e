export * from "../../../infra/lab/balancer.ts";
