/** S2: at most one ready pod of each family behind an active/standby Service, from the end of the cut-over on. */
import { describe, expect, test } from "vitest";
import { renderVerdict } from "../../../functions/kit/history/judge.ts";
import { ELECTION, ROLES_STANDARD, STANDBY_STANDARD } from "../../../infra/observe/scope.ts";
import { createHistory, createNarrowed, createRouted, NARROWED, OPTED_IN, ROUTED, type History } from "./services.ts";

const TWO = "Service default/db leads to 2 ready pods over IPv4: db-0 (uid-db-0), db-1 (uid-db-1)";

describe("label mode", () => {
  test("until the controllers have followed the selector the Service may lead to several pods", () => {
    const history = createNarrowed();
    expect(history.verdict()).toMatchObject({ violations: [], routes: 1 });
  });

  test("a second ready pod after that is violated, told with revisions and managers", () => {
    const history = createNarrowed();
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(renderVerdict(history.verdict()).split("\n").slice(1)).toEqual([
      `5  S2 violated  EndpointSlice default/db-a, written by kube-controller-manager: ${TWO}`,
      "3    Service default/db was written for label mode (by bellwether)",
      "2    EndpointSlice default/db-a led to db-0 (by kube-controller-manager)",
      "5    EndpointSlice default/db-a led to db-1 (by kube-controller-manager)",
    ]);
  });

  test("a fail-over by way of nobody, and one in which the old pod is shown not ready, are sound", () => {
    const history = createNarrowed();
    history.slice("db-a", {});
    history.slice("db-a", { "db-1": true });
    history.slice("db-a", { "db-1": false, "db-2": true });
    expect(history.found()).toEqual([]);
  });

  test("a slice that still shows the fenced pod beside another one with the new pod is violated while both are ready", () => {
    const history = createNarrowed();
    history.slice("db-b", { "db-1": true });
    history.slice("db-a", {});
    expect(history.found()).toEqual([`5 ${TWO}`]);
  });

  test("one pod in two slices is one pod", () => {
    const history = createNarrowed();
    history.slice("db-b", { "db-0": true });
    expect(history.found()).toEqual([]);
  });

  test("a pod of which nothing is said is ready", () => {
    const history = createNarrowed();
    history.slice("db-a", { "db-0": true, "db-1": undefined });
    expect(history.found()).toEqual([`5 ${TWO}`]);
  });

  test("pods that are not ready show that the controllers have not followed yet", () => {
    const history = createHistory();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.slice("db-a", { "db-0": true, "db-1": false });
    history.service(NARROWED);
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.verdict()).toMatchObject({ violations: [], routes: 0 });
  });

  test("each doubling is told once, again when one more pod joins it, and again after its end", () => {
    const history = createNarrowed();
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.slice("db-a", { "db-0": true, "db-1": true, "db-2": false });
    history.slice("db-a", { "db-0": true, "db-1": true, "db-2": true });
    history.slice("db-a", { "db-0": true });
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found().map((text) => text.split(" ")[0])).toEqual(["5", "7", "9"]);
  });

  test("each family has its own cut-over and its own pod", () => {
    const history = createNarrowed();
    history.slice("db-6", { "db-0": true, "db-1": true }, { family: "IPv6" });
    history.slice("db-6", { "db-1": true }, { family: "IPv6" });
    expect(history.found()).toEqual([]);
    history.slice("db-6", { "db-0": true, "db-1": true }, { family: "IPv6" });
    expect(history.found()).toEqual([`7 ${TWO.replace("IPv4", "IPv6")}`]);
  });

  test("that a controller wrote a slice of one family does not show that it has followed in the other", () => {
    const history = createNarrowed();
    history.slice("db-6", {}, { family: "IPv6" });
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.service(NARROWED);
    history.slice("db-a", { "db-0": true });
    history.slice("db-6", { "db-0": true, "db-1": true }, { family: "IPv6" });
    expect(history.found()).toEqual([]);
  });

  test("a selector that is applied anew without our key begins another cut-over", () => {
    const history = createNarrowed();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.service(NARROWED);
    history.slice("db-a", { "db-0": true, "db-2": true });
    expect(history.found()).toEqual([]);
    history.slice("db-a", { "db-0": true });
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([`10 ${TWO}`]);
  });

  test("nothing is promised any more of a Service whose annotation or which itself is gone", () => {
    const history = createNarrowed();
    history.service(NARROWED, {}, "kubectl");
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([]);
    const deleted = createNarrowed();
    deleted.remove("Service", "db");
    deleted.slice("db-a", { "db-0": true, "db-1": true });
    expect(deleted.found()).toEqual([]);
  });

  test("a slice that is deleted leads nowhere", () => {
    const history = createNarrowed();
    history.remove("EndpointSlice", "db-a");
    history.slice("db-b", { "db-1": true });
    expect(history.found()).toEqual([]);
  });

  test("controllers that see such a selector only after our key is back may still go through all pods", () => {
    const history = createNarrowed();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.service(NARROWED);
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.slice("db-a", { "db-0": true });
    expect(history.found()).toEqual([]);
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([`9 ${TWO}`]);
  });

  test("a slice that becomes another Service's leads there", () => {
    const history = createNarrowed();
    history.slice("db-a", { "db-0": true }, { service: "other" });
    history.slice("db-b", { "db-1": true });
    expect(history.found()).toEqual([]);
  });

  test("a pod that somebody else labels is theirs to answer for, until we label it", () => {
    const history = createNarrowed();
    const active = { "qoqo.dev/pod-designation": "active" };
    history.pod("db-1", active, "kubectl-label");
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.pod("db-1", {}, "bellwether");
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.slice("db-a", { "db-0": true });
    expect(history.found()).toEqual([]);
    history.remove("Pod", "db-1");
    history.pod("db-1", active, "bellwether");
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([`12 ${TWO}`]);
  });
});

describe("route mode", () => {
  test("our slice beside the controllers' is sound before the mark", () => {
    expect(createRouted().verdict()).toMatchObject({ violations: [], routes: 1 });
  });

  test("a mark before the controllers' slices are empty is violated", () => {
    const history = createHistory();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.slice("ours", { "db-0": true }, { exclusive: false });
    history.service(ROUTED);
    history.slice("ours", { "db-0": true }, { exclusive: true });
    expect(history.found()).toEqual([`5 ${TWO}`]);
  });

  test("two slices of ours that name different pods are violated, whoever labelled these", () => {
    const history = createRouted();
    history.pod("db-1", { "qoqo.dev/pod-designation": "active" }, "kubectl-label");
    history.slice("stray", { "db-1": true }, { exclusive: false });
    expect(history.found()).toEqual([`8 ${TWO}`]);
  });

  test("a fail-over in one write is sound", () => {
    const history = createRouted();
    history.slice("ours", { "db-1": true }, { exclusive: true });
    expect(history.found()).toEqual([]);
  });

  test("while somebody's selector without our key is put right, and on the way back, controllers may lead to all pods", () => {
    const history = createRouted();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.slice("db-a", { "db-0": true, "db-1": true });
    history.slice("ours", { "db-0": true }, { exclusive: false, turn: "7" });
    history.service(ROUTED, OPTED_IN, "bellwether", "7");
    history.slice("db-a", {});
    history.slice("ours", { "db-0": true }, { exclusive: true, turn: "7" });
    history.service({ app: "db" }, {}, "bellwether", "14");
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([]);
  });

  test("a mark of an earlier turn promises nothing, and controllers may see the selector before it as late as they like", () => {
    const history = createRouted();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.service(ROUTED, OPTED_IN, "bellwether", "7");
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([]);
  });

  test("from the mark of the present turn on nothing excuses slices that are written late", () => {
    const history = createRouted();
    history.service(ROUTED, OPTED_IN, "bellwether", "7");
    history.slice("ours", { "db-0": true }, { exclusive: true, turn: "7" });
    history.slice("db-a", { "db-0": true, "db-1": true });
    expect(history.found()).toEqual([`9 ${TWO}`]);
  });
});

test("a Service that does not ask for it, and one that is judged by another feature's standard, may lead to many pods", () => {
  const plain = createHistory();
  plain.service(NARROWED, {}, "kubectl");
  plain.slice("db-a", { "db-0": true });
  plain.slice("db-a", { "db-0": true, "db-1": true });
  expect(plain.verdict()).toMatchObject({ violations: [], routes: 0 });
  const narrowed = createNarrowed();
  narrowed.slice("db-a", { "db-0": true, "db-1": true });
  const routes = [ELECTION, ROLES_STANDARD, STANDBY_STANDARD].map((standard) => narrowed.verdict(standard).routes);
  expect(routes).toEqual([0, 0, 1]);
});

test("what happened while slices were not observed may only look so", () => {
  const history = createNarrowed();
  history.slice("db-b", { "db-1": true });
  const gaps = [{ resource: "endpointslices", after: "4", until: "6" }];
  expect(history.verdict({ ...STANDBY_STANDARD, gaps }).violations).toMatchObject([{ inGap: true }]);
});

const strange = (history: History, standard = STANDBY_STANDARD): readonly string[] =>
  history
    .verdict(standard)
    .violations.filter(({ invariant }) => invariant === "S19")
    .map(({ object, message }) => `${object} ${message}`);

describe("S19 for Services, slices and checkers", () => {
  const ORIGINAL = { "bellwether.dev/original-selector": "{}" };

  test("what opted in, and what we have to take back, is ours to write", () => {
    const history = createHistory();
    history.service({ app: "db" }, OPTED_IN, "kubectl");
    history.service(NARROWED, { ...OPTED_IN, ...ORIGINAL });
    history.slice("ours", {}, { exclusive: false });
    history.slice("ours", {}, { exclusive: true });
    history.service(NARROWED, ORIGINAL, "kubectl");
    history.service({ app: "db" }, {});
    const checker = { apiVersion: "node-role.bb-noti.io/v1", kind: "LeaderStatusChecker" };
    history.write(checker, {}, "kubectl");
    history.write(checker, { finalizers: ["bellwether.dev/roles"] }, "bellwether");
    expect(strange(history)).toEqual([]);
    expect(strange(history, ROLES_STANDARD)).toEqual([]);
  });

  test("a Service that never asked is not, also when the write makes it look so", () => {
    const history = createHistory();
    history.service({ app: "db" }, {}, "kubectl");
    history.service(NARROWED, ORIGINAL);
    expect(strange(history)).toEqual(["Service default/db was written by us, but is none of ours"]);
  });

  test("for another feature's standard only our annotations tell it", () => {
    const history = createHistory();
    history.service({ app: "db" }, {}, "kubectl");
    history.service(NARROWED, ORIGINAL);
    history.service({ app: "db" }, {}, "kubectl");
    history.service(NARROWED, {});
    expect(strange(history, ELECTION)).toEqual(["Service default/db was written by us, but is none of ours"]);
  });

  test("a slice of a controller is not", () => {
    const history = createNarrowed();
    const slice = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" };
    const labels = { "kubernetes.io/service-name": "db" };
    history.write(slice, { name: "db-a", labels }, "bellwether");
    expect(strange(history)).toEqual(["EndpointSlice default/db-a was written by us, but is none of ours"]);
  });
});
