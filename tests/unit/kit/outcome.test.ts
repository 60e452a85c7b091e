/** Whose trouble a failed request is decides who is asked to come back: the source of every event, or nobody. */
import { expect, test } from "vitest";
import { failed, unlisted } from "../../../functions/kit/outcome.ts";

test.each([
  ["no answer", 0, "server"],
  ["a token that is refused, as that of an instance whose pod was deleted by force", 401, "server"],
  ["too many requests", 429, "server"],
  ["an unavailable server", 503, "server"],
  ["no permission", 403, "group"],
  ["an internal error, which may be one webhook's", 500, "group"],
])("%s (%i) is the %s's trouble", (_what, status, trouble) => {
  expect(failed("reading", { status, body: undefined })).toMatchObject({ kind: "retry", trouble });
});

test("a list that nobody was allowed to see is not asked for again, one that our token did not get is", () => {
  expect(unlisted("listing", { status: 403, body: undefined })).toMatchObject({ kind: "done" });
  expect(unlisted("listing", { status: 401, body: undefined })).toMatchObject({ kind: "retry", trouble: "server" });
});
