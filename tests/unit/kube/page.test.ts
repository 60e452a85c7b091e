/** Paged lists against scripted answers: what is asked for, what is returned, and that every way out is taken. */
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../functions/kit/kube/object.ts";
import { listAll } from "../../../functions/kit/kube/page.ts";
import { PODS } from "../../../functions/kit/kube/request.ts";
import type { KubeResponse, Transport } from "../../../functions/kit/kube/request.ts";

const pod = (name: string): object => ({ metadata: { name, uid: name, resourceVersion: "1" } });

const page = (names: readonly string[], next?: string): KubeResponse => ({
  status: 200,
  body: {
    metadata: { resourceVersion: "9", ...(next === undefined ? {} : { continue: next }) },
    items: names.map(pod),
  },
});

const expired: KubeResponse = { status: 410, body: { kind: "Status", reason: "Expired" } };

/** Answers in this order, the last one for ever, and keeps the paths that were asked for. */
const scripted = (...answers: readonly KubeResponse[]): { send: Transport; paths: string[] } => {
  const paths: string[] = [];
  return {
    paths,
    send: async (request) => {
      const answer = answers[Math.min(paths.length, answers.length - 1)];
      paths.push(request.path);
      return answer ?? { status: 0, body: undefined };
    },
  };
};

const namesOf = (listing: Awaited<ReturnType<typeof listAll>>): unknown =>
  listing.ok ? listing.items.map(({ metadata }) => metadata.name) : listing.response;

const marked = ({ metadata: { name, uid } }: KubeObject): KubeObject => ({
  metadata: { name: `${name}!`, uid, resourceVersion: "2" },
});

describe("listAll", () => {
  test("follows the continue token and keeps the selector", async () => {
    const { send, paths } = scripted(page(["a", "b"], "token/1"), page(["c"]));
    const listing = await listAll(send, PODS, { namespace: "data", labelSelector: "app=db", limitPerPage: 2 });
    expect(namesOf(listing)).toEqual(["a", "b", "c"]);
    expect(paths).toEqual([
      "/api/v1/namespaces/data/pods?labelSelector=app%3Ddb&limit=2",
      "/api/v1/namespaces/data/pods?labelSelector=app%3Ddb&limit=2&continue=token%2F1",
    ]);
  });

  test("asks for pages of 500 in all namespaces by default", async () => {
    const { send, paths } = scripted(page([]));
    expect(await listAll(send, PODS, {})).toEqual({ ok: true, items: [] });
    expect(paths).toEqual(["/api/v1/pods?limit=500"]);
  });

  test("holds of each object only what is kept", async () => {
    const { send } = scripted(page(["a"], "t"), page(["b"]));
    const listing = await listAll(send, PODS, { keep: marked });
    expect(namesOf(listing)).toEqual(["a!", "b!"]);
  });

  test("an empty continue token ends the list", async () => {
    expect(namesOf(await listAll(scripted(page(["a"], "")).send, PODS, {}))).toEqual(["a"]);
  });

  test("begins once more when the snapshot expires, and returns nothing of the first try", async () => {
    const { send } = scripted(page(["old"], "t"), expired, page(["new"]));
    expect(namesOf(await listAll(send, PODS, {}))).toEqual(["new"]);
  });

  test("gives up when the snapshot expires twice", async () => {
    const { send, paths } = scripted(page(["a"], "t"), expired, page(["a"], "t"), expired);
    expect(namesOf(await listAll(send, PODS, {}))).toEqual(expired);
    expect(paths).toHaveLength(4);
  });

  test("returns the refusal of any page", async () => {
    const refusal: KubeResponse = { status: 403, body: { kind: "Status", reason: "Forbidden" } };
    expect(namesOf(await listAll(scripted(page(["a"], "t"), refusal).send, PODS, {}))).toEqual(refusal);
  });

  test("a list that never ends is no answer", async () => {
    expect(namesOf(await listAll(scripted(page([], "again")).send, PODS, {}))).toMatchObject({ status: 0 });
  });

  test("a success that is no list is no answer", async () => {
    expect(namesOf(await listAll(scripted({ status: 200, body: {} }).send, PODS, {}))).toMatchObject({ status: 0 });
  });
});
