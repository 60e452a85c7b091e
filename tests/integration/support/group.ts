export * from "../../../infra/lab/group.ts";
