export * from "../../../infra/lab/api-gate.ts";
