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

export interface Part {
  readonly name: PartName;
  readonly family: FamilyName;
  /** The Go package that builds the binary. */
  readonly goPackage: string;
  /** Whether `--version` prints the release; most parts know no version of their own. */
  readonly reportsVersion: boolean;
}

const MAIN_MODULE: Readonly<Record<FamilyName, string>> = {
  etcd: "go.etcd.io/etcd/server/v3",
  kubernetes: "k8s.io/kubernetes",
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
export const mainModule = (family: FamilyName): string => MAIN_MODULE[family];

/** The folder of the family's checked-in go.mod and go.sum. */
export const moduleFolder = (family: FamilyName): string => join(import.meta.dirname, "modules", family);

/** The pinned release of a family with its leading `v`. */
export const pinnedVersion = (family: FamilyName): string => {
  const goMod = readFileSync(join(moduleFolder(family), "go.mod"), "utf8");
  const line = goMod.split("\n").find((text) => text.trim().startsWith(`${MAIN_MODULE[family]} v`));
  const version = line?.trim().split(" ")[1];
  if (version === undefined) throw new Error(`infra/lab/modules/${family}/go.mod requires no ${MAIN_MODULE[family]}`);
  return version;
};

/**
 * The wanted release of a family.
 * @throws when `kubernetesVersion` is not of the form `v1.36.3` (the leading `v` may be missing).
 */
export const wantedVersion = (family: FamilyName, kubernetesVersion?: string): string => {
  if (family !== "kubernetes" || kubernetesVersion === undefined) return pinnedVersion(family);
  const match = /^v?(1\.\d+\.\d+)$/.exec(kubernetesVersion);
  if (match === null) {
    throw new Error(`kubernetes-version is ${JSON.stringify(kubernetesVersion)}; it must be a release such as v1.36.3`);
  }
  return `v${match[1]}`;
};
