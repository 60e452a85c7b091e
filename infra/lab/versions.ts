/**
 * Which parts make up the lab and in which version, read from the pinned Go modules beside this file, so that a version
 * is written down once.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What every lab is made of. */
export type LabPartName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "apiserver_receive_adapter"
  | "mtping";

/** What our manifests are deployed on and with; only the tests of manifests need it. */
export type PlatformPartName =
  | "kubectl"
  | "eventing-controller"
  | "eventing-webhook"
  | "serving-controller"
  | "serving-webhook"
  | "func"
  | "keda-operator"
  | "keda-webhook"
  | "http-interceptor"
  | "http-scaler"
  | "http-operator";

/** What a node needs beside the parts above, to run pods and Knative in them. */
export type NodePartName =
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "pause"
  | "coredns"
  | "traefik"
  | "serving-activator"
  | "serving-autoscaler"
  | "serving-queue";

export type PartName = LabPartName | PlatformPartName | NodePartName;

export type FamilyName =
  | "etcd"
  | "kubernetes"
  | "knative"
  | "serving"
  | "func"
  | "keda"
  | "http-add-on"
  | "node"
  | "coredns"
  | "traefik";

/** The folders of pinned modules. Of Kubernetes there are two releases: the newest that we support, and the oldest. */
export type ModulesName = FamilyName | "kubernetes-oldest";

export interface Part {
  readonly name: PartName;
  readonly family: FamilyName;
  /** The Go package that builds the binary. */
  readonly goPackage: string;
  /** Whether `--version` prints the release; most parts know no version of their own. */
  readonly reportsVersion: boolean;
}

const MAIN_MODULE: Readonly<Record<ModulesName, string>> = {
  etcd: "go.etcd.io/etcd/server/v3",
  kubernetes: "k8s.io/kubernetes",
  "kubernetes-oldest": "k8s.io/kubernetes",
  knative: "knative.dev/eventing",
  serving: "knative.dev/serving",
  func: "knative.dev/func",
  keda: "github.com/kedacore/keda/v2",
  "http-add-on": "github.com/kedacore/http-add-on",
  node: "k8s.io/kubernetes",
  coredns: "github.com/coredns/coredns",
  traefik: "github.com/traefik/traefik/v3",
};

const part = (name: PartName, family: FamilyName, folder: string): Part => ({
  name,
  family,
  goPackage: `${MAIN_MODULE[family]}${folder}`,
  reportsVersion: false,
});

const reporting = (name: PartName, family: FamilyName, folder: string): Part => ({
  ...part(name, family, folder),
  reportsVersion: true,
});

export const LAB_PARTS: Readonly<Record<LabPartName, Part>> = {
  etcd: reporting("etcd", "etcd", ""),
  "kube-apiserver": reporting("kube-apiserver", "kubernetes", "/cmd/kube-apiserver"),
  "kube-controller-manager": reporting("kube-controller-manager", "kubernetes", "/cmd/kube-controller-manager"),
  apiserver_receive_adapter: part("apiserver_receive_adapter", "knative", "/cmd/apiserver_receive_adapter"),
  mtping: part("mtping", "knative", "/cmd/mtping"),
};

export const PLATFORM_PARTS: Readonly<Record<PlatformPartName, Part>> = {
  kubectl: part("kubectl", "kubernetes", "/cmd/kubectl"),
  "eventing-controller": part("eventing-controller", "knative", "/cmd/controller"),
  "eventing-webhook": part("eventing-webhook", "knative", "/cmd/webhook"),
  "serving-controller": part("serving-controller", "serving", "/cmd/controller"),
  "serving-webhook": part("serving-webhook", "serving", "/cmd/webhook"),
  func: part("func", "func", "/cmd/func"),
  "keda-operator": part("keda-operator", "keda", "/cmd/operator"),
  "keda-webhook": part("keda-webhook", "keda", "/cmd/webhooks"),
  "http-interceptor": part("http-interceptor", "http-add-on", "/interceptor"),
  "http-scaler": part("http-scaler", "http-add-on", "/scaler"),
  "http-operator": part("http-operator", "http-add-on", "/operator"),
};

/** A program of our own that lies beside the family's go.mod. */
const own = (name: PartName, family: FamilyName, folder: string): Part => ({
  name,
  family,
  goPackage: `bellwether.dev/lab/${family}${folder}`,
  reportsVersion: false,
});

export const NODE_PARTS: Readonly<Record<NodePartName, Part>> = {
  "kube-scheduler": reporting("kube-scheduler", "node", "/cmd/kube-scheduler"),
  kubelet: reporting("kubelet", "node", "/cmd/kubelet"),
  "kube-proxy": reporting("kube-proxy", "node", "/cmd/kube-proxy"),
  pause: own("pause", "node", "/pause"),
  coredns: own("coredns", "coredns", ""),
  traefik: part("traefik", "traefik", "/cmd/traefik"),
  "serving-activator": part("serving-activator", "serving", "/cmd/activator"),
  "serving-autoscaler": part("serving-autoscaler", "serving", "/cmd/autoscaler"),
  "serving-queue": part("serving-queue", "serving", "/cmd/queue"),
};

export const PARTS: Readonly<Record<PartName, Part>> = { ...LAB_PARTS, ...PLATFORM_PARTS, ...NODE_PARTS };

/** The Go module that carries a family's name and version. */
export const mainModule = (modules: ModulesName): string => MAIN_MODULE[modules];

/** The folder of the checked-in go.mod and go.sum. */
export const moduleFolder = (modules: ModulesName): string => join(import.meta.dirname, "modules", modules);

/** The pinned release with its leading `v`. */
export const pinnedVersion = (modules: ModulesName): string => {
  const goMod = readFileSync(join(moduleFolder(modules), "go.mod"), "utf8");
  const line = goMod.split("\n").find((text) => text.trim().startsWith(`${MAIN_MODULE[modules]} v`));
  const version = line?.trim().split(" ")[1];
  if (version === undefined) throw new Error(`infra/lab/modules/${modules}/go.mod requires no ${MAIN_MODULE[modules]}`);
  return version;
};

export const RELEASE_VARIABLE = "BELLWETHER_LAB_KUBERNETES";

/** `1.36` of `v1.36.3`. */
const minorRelease = (version: string): string => version.split(".", 2).join(".").slice(1);

const controlPlaneModules = (): ModulesName => {
  const wanted = process.env[RELEASE_VARIABLE] ?? "";
  if (wanted === "") return "kubernetes";
  const releases = new Map<string, ModulesName>();
  for (const modules of ["kubernetes-oldest", "kubernetes"] as const) {
    releases.set(minorRelease(pinnedVersion(modules)), modules);
  }
  const modules = releases.get(wanted);
  if (modules !== undefined) return modules;
  throw new Error(`${RELEASE_VARIABLE} is ${JSON.stringify(wanted)}; it must be ${[...releases.keys()].join(" or ")}`);
};

/**
 * What a part is built from. The control plane is of the release that the environment variable `BELLWETHER_LAB_KUBERNETES`
 * names, such as `1.33`; without it of the newest. kubectl is always of the newest: it speaks to every release that we support.
 * @throws when it names a release that is not pinned, naming those that are.
 */
export const modulesOf = ({ name, family }: Part): ModulesName =>
  family === "kubernetes" && name !== "kubectl" ? controlPlaneModules() : family;
