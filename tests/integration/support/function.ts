export * from "../../../infra/lab/function.ts";
